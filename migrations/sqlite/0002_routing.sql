-- How the account was chosen, in a few words.
ALTER TABLE usage_records ADD COLUMN routing TEXT NOT NULL DEFAULT '';
