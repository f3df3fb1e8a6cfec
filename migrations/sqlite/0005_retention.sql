-- Old bills may go; what they came to stays. spent and used are retired + the sum of the usage_records.
ALTER TABLE users ADD COLUMN retired_nano_usd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN retired_nano_usd INTEGER NOT NULL DEFAULT 0;

-- Bills that started before this were deleted, or will be. No row: none ever were.
CREATE TABLE retention (
    only_row       INTEGER PRIMARY KEY CHECK (only_row = 1),
    started_before INTEGER NOT NULL -- microseconds since 1970, UTC
) STRICT;
