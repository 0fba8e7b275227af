-- What people ask of deliveries: the newest of an org, those in trouble, and what awaits a word.

CREATE INDEX delivery_newest ON delivery (created_at, delivery_id);
CREATE INDEX delivery_trouble ON delivery (created_at, delivery_id) WHERE state IN ('unknown', 'dead');
CREATE INDEX delivery_unapproved ON delivery (alert_id) WHERE state = 'queued' AND waited = 'approval';
