-- How often the row's sum was moved: of two figures, the one with the greater revision is the newer one.
ALTER TABLE users ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
