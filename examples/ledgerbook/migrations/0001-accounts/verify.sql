-- Each row is something that is wrong.
SELECT 'entry ' || entry.id || ' has no account'
FROM entry LEFT JOIN account ON account.id = entry.account_id
WHERE account.id IS NULL;
