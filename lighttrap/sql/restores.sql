-- note_restore --
INSERT INTO restore (taken_at, dump) VALUES (%(taken_at)s, %(dump)s)

-- holding --
-- The restore that holds messages back, the oldest backup first; no row when they may go.
SELECT restore_id, taken_at, restored_at, dump FROM restore WHERE resumed_at IS NULL ORDER BY taken_at LIMIT 1

-- resume --
UPDATE restore SET resumed_at = now(), resumed_by = %(who)s WHERE resumed_at IS NULL

-- end_sessions --
-- Sessions that were ended since the backup would be open again: everybody logs in anew.
DELETE FROM login_session
