-- By what the account was asked: 0 WebSocket, as all were before, 1 HTTP.
ALTER TABLE usage_records ADD COLUMN upstream_transport smallint NOT NULL DEFAULT 0;
