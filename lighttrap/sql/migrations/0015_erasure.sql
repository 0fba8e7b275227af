-- Whoever asks for it is forgotten.

ALTER TABLE recipient ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN recipient.erased_at IS 'name, addresses and messages are gone for good; that there were so many messages stays';
