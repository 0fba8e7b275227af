-- A session can be shown to its person, and ended by them.

ALTER TABLE login_session
    ADD COLUMN session_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN way text NOT NULL DEFAULT 'password' CHECK (way IN ('password', 'oidc')),
    ADD COLUMN agent text NOT NULL DEFAULT '' CHECK (length(agent) <= 200);
COMMENT ON COLUMN login_session.session_id IS 'what people end it by; the cookie opens it, this number opens nothing';
COMMENT ON COLUMN login_session.way IS 'how the person came in';
COMMENT ON COLUMN login_session.agent IS 'what the browser called itself then, so that its person knows it again';
