-- By which reading an alert event came about, so that a message can be followed back to the trap.

ALTER TABLE alert_event ADD COLUMN cause text;
CREATE INDEX alert_event_by_cause ON alert_event (cause) WHERE cause IS NOT NULL;
COMMENT ON COLUMN alert_event.cause IS 'TRAP/BOOT/SEQ of the last reading of the batch that tipped it; NULL: the clock or a person did';
