-- What a dead letter counts among its user's and key's bills, until it is one.
ALTER TABLE dead_letters ADD COLUMN user_name text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN key_name text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN counted_nano_usd bigint NOT NULL DEFAULT 0;
CREATE INDEX dead_letters_uid ON dead_letters (response_uid);
