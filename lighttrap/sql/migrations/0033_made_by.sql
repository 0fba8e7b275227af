-- Who makes an account knows its password. Another org lets it in only when somebody who knows the person vouches.

ALTER TABLE account
    ADD COLUMN made_by text REFERENCES org,
    ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN account.made_by IS 'the org whose admin made it; NULL: an operator or a login provider vouches that the login is the person''s';
COMMENT ON COLUMN account.erased_at IS 'login, name and password are gone for good; what the person did stays under the old login';

UPDATE account a SET made_by = made.org_id
FROM (
    SELECT DISTINCT ON (object_id) object_id, org_id, who FROM audit
    WHERE object_kind = 'account' AND action = 'add' ORDER BY object_id, audit_id
) AS made
WHERE made.object_id = a.account_id::text AND made.org_id IS NOT NULL AND made.who <> 'command line'
  AND NOT EXISTS (SELECT FROM account maker WHERE maker.login = made.who AND maker.is_admin)
  AND NOT EXISTS (SELECT FROM account_identity i WHERE i.account_id = a.account_id);
