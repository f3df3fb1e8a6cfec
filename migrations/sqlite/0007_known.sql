-- What a dead letter counts among its user's and key's bills, until it is one.
ALTER TABLE dead_letters ADD COLUMN user_name TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN key_name TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN counted_nano_usd INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dead_letters_uid ON dead_letters (response_uid);

-- Each change of a row of users or keys has a number, so that a reader may ask for what is new to it.
CREATE TABLE changes (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    number   INTEGER NOT NULL -- of the latest
) STRICT;
INSERT INTO changes (only_row, number) VALUES (1, 1);

ALTER TABLE users ADD COLUMN changed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE keys ADD COLUMN changed INTEGER NOT NULL DEFAULT 1;
CREATE INDEX users_changed ON users (changed);
CREATE INDEX keys_changed ON keys (changed);

CREATE TRIGGER users_made AFTER INSERT ON users BEGIN
    UPDATE changes SET number = number + 1;
    UPDATE users SET changed = (SELECT number FROM changes) WHERE name = NEW.name;
END;
CREATE TRIGGER users_moved AFTER UPDATE ON users WHEN NEW.changed = OLD.changed BEGIN
    UPDATE changes SET number = number + 1;
    UPDATE users SET changed = (SELECT number FROM changes) WHERE name = NEW.name;
END;
CREATE TRIGGER keys_made AFTER INSERT ON keys BEGIN
    UPDATE changes SET number = number + 1;
    UPDATE keys SET changed = (SELECT number FROM changes) WHERE name = NEW.name;
END;
CREATE TRIGGER keys_moved AFTER UPDATE ON keys WHEN NEW.changed = OLD.changed BEGIN
    UPDATE changes SET number = number + 1;
    UPDATE keys SET changed = (SELECT number FROM changes) WHERE name = NEW.name;
END;
