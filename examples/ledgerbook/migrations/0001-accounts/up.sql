-- 1.1: an account is a row of its own, so that it can be renamed.
CREATE TABLE account (id bigserial PRIMARY KEY, name text UNIQUE NOT NULL);
INSERT INTO account (name) SELECT DISTINCT account FROM entry ORDER BY account;
ALTER TABLE entry ADD COLUMN account_id bigint REFERENCES account;
UPDATE entry SET account_id = account.id FROM account WHERE account.name = entry.account;
ALTER TABLE entry ALTER COLUMN account_id SET NOT NULL;
ALTER TABLE entry DROP COLUMN account;
