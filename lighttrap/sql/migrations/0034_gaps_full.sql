-- A thousand holes in each of five thousand boots a day have no end, and the look for gaps is as long as the open ones.

ALTER TABLE trap ADD COLUMN gaps_full boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN trap.gaps_full IS 'had ten thousand open gaps when they were last counted: nothing it sends opens another';
