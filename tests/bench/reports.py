#!/usr/bin/env python3
"""How long /api/v1/usage takes on millions of bills.

  tests/bench/reports.py --bin build/release/bin --sqlite /some/dir/usage.db [--rows 10000000]
  tests/bench/reports.py --bin build/release/bin --postgres postgresql://…    (a database that may be filled; wants psql)

Makes the rows that are not there yet, by SQL, then serves and asks every documented question. Wants some ten gigabytes.
"""

import argparse
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

DAYS = 90
CHUNK = 200_000
DAY_US = 86_400_000_000

# 50 users with 4 keys each, which use 2 of 8 models, on 4 accounts; every thousandth bill is of a rare key, model and type.
COLUMNS = {
    "response_uid": "'bench-' || i",
    "turn_id": "'turn-' || i",
    "upstream_response_id": "'resp_0123456789abcdef0123456789abcdef0123456789' || i",
    "user_name": "'user-' || (i % 50)",
    "key_name": "CASE WHEN i % 1000 = 7 THEN 'rare' ELSE 'key-' || (i % 200) END",
    "group_name": "'group-' || (i % 2)",
    "account_name": "'account-' || (i / 7 % 4)",
    "requested_model": "CASE WHEN i % 1000 = 7 THEN 'rare' ELSE 'model-' || (i % 4 * 2 + i / 3 % 2) END",
    "upstream_model": "'gpt-5.2-2025-12-11'",
    "lane": "''",
    "session": "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'",
    "request_type": "CASE WHEN i % 1000 = 7 THEN 1 ELSE 3 END",
    "input_tokens": "50000 + i % 1000",
    "cached_tokens": "45000",
    "cache_write_tokens": "0",
    "output_tokens": "700",
    "reasoning_tokens": "300",
    "total_tokens": "50700 + i % 1000",
    "web_searches": "0",
    "status": "0",
    "reason": "''",
    "estimated": "0",
    "attempts": "1",
    "retry_reason": "''",
    "service_tier": "'default'",
    "price_version": "'2026-11-01'",
    "multiplier_ppm": "1000000",
    "cost_nano_usd": "26425000 + i % 1000",
    "account_cost_nano_usd": "26425000",
    "queue_ms": "3",
    "first_token_ms": "900",
    "total_ms": "12000",
    "started_at": "{start} + i * {step}",
    "user_agent": "'codex_cli_rs/0.60.1 (Debian 12; x86_64)'",
    "client_ip": "'192.0.2.7'",
    "routing": "'sticky account-1 2.71 of 3'",
    "upstream_transport": "0",
}

QUESTIONS = [
    "limit=100",
    "limit=1000",
    "since=24h&limit=100",
    "until=45d&limit=100",
    "key=key-7&limit=100",
    "user=user-7&limit=100",
    "account=account-1&limit=100",
    "model=model-1&limit=100",
    "key=rare&limit=1000",
    "key=key-8&model=model-1&limit=100",
    "key=key-8&account=account-1&since=30d&limit=100",
    "request_type=sync&limit=100",
    "request_type=sync&limit=1000",
    "stream=false&limit=1000",
    "request_type=unknown&limit=100",
    "after=0&limit=1000",
    "after={middle}&limit=1000",
    "after={middle}&key=rare&limit=1000",
    "by=key",
    "by=user",
    "by=group",
    "by=account",
    "by=model",
    "by=day",
    "by=key&since=24h",
    "by=user&since=30d",
    "by=day&since=45d&until=15d",
    "by=model&key=key-7",
    "by=day&user=user-7&request_type=sync",
    "by=key&since=90m",
]


def insert_sql(first, last, start, step, series):
    values = ", ".join(COLUMNS.values()).format(start=start, step=step)
    return f"INSERT INTO usage_records ({', '.join(COLUMNS)}) SELECT {values} FROM {series.format(first=first, last=last)}"


class Sqlite:
    SERIES = "(WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n) AS n"

    def __init__(self, path):
        self.database = sqlite3.connect(path)
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.execute("PRAGMA cache_size = -1000000")

    def run(self, sql):
        self.database.execute(sql)
        self.database.commit()

    def number(self, sql):
        return self.database.execute(sql).fetchone()[0] or 0


class Postgres:
    SERIES = "(SELECT i::bigint FROM generate_series({first}, {last}) AS i) AS n"

    def __init__(self, url):
        self.url = url

    def run(self, sql):
        return subprocess.run(["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", sql],
                              check=True, capture_output=True, text=True).stdout

    def number(self, sql):
        return int(self.run(sql).strip() or 0)


def fill(database, rows):
    have = database.number("SELECT max(settled_seq) FROM usage_records")
    step = DAYS * DAY_US // rows
    start = int(time.time() * 1e6) - rows * step
    began = time.monotonic()
    for first in range(have + 1, rows + 1, CHUNK):
        database.run(insert_sql(first, min(first + CHUNK - 1, rows), start, step, database.SERIES))
        print(f"\r{first + CHUNK - 1} rows", end="", file=sys.stderr)
    if have < rows:
        print(f"\n{(rows - have) / (time.monotonic() - began):.0f} rows/s", file=sys.stderr)
        database.run("ANALYZE")


def ask(address, question):
    began = time.monotonic()
    try:
        with urllib.request.urlopen(f"http://{address}/api/v1/usage?{question}", timeout=60) as answer:
            body = answer.read()
        said = f"{len(json.loads(body)['data'])} rows"
    except urllib.error.HTTPError as refused:
        said = f"{refused.code} {json.loads(refused.read())['error']['message']}"
    return time.monotonic() - began, said


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--sqlite")
    where.add_argument("--postgres")
    options = parser.parse_args()
    turngate = str(pathlib.Path(options.bin) / "turngate")
    with tempfile.TemporaryDirectory() as home:
        usage = {"journal": {"dir": f"{home}/journal"}}
        if options.sqlite:
            usage["sqlite"] = {"path": options.sqlite}
        else:
            usage |= {"repository": "postgres", "postgres": {"url": options.postgres}}
        config = pathlib.Path(home) / "config.yaml"
        pricing = pathlib.Path(__file__).parents[2] / "config" / "pricing.yaml"
        config.write_text(json.dumps({
            "server": {"listen": "127.0.0.1:0", "threads": 1},
            "admin": {"listen": "127.0.0.1:0"},
            "accounts": [{"name": "none", "base_url": "http://127.0.0.1:1/v1", "api_key": "none"}],
            "keys": [],
            "usage": usage,
            "pricing": {"file": str(pricing)},
            "log": {"level": "info", "format": "json"},
        }))
        subprocess.run([turngate, "migrate", "--config", config], check=True, stderr=subprocess.DEVNULL)
        database = Sqlite(options.sqlite) if options.sqlite else Postgres(options.postgres)
        fill(database, options.rows)
        middle = database.number("SELECT max(settled_seq) / 2 FROM usage_records")
        print(f"{database.number('SELECT count(*) FROM usage_daily')} rows of days", file=sys.stderr)
        daemon = subprocess.Popen([turngate, "serve", "--config", config], stderr=subprocess.PIPE, text=True)
        try:
            for line in daemon.stderr:
                if found := re.search(r'"admin listening".*"address":"([^"]+)"', line):
                    break
            for question in QUESTIONS:
                asked = question.format(middle=middle)
                seconds, said = min(ask(found.group(1), asked) for _ in range(2))
                print(f"{question:50} {seconds:7.3f} s  {said}", flush=True)
        finally:
            daemon.terminate()
            daemon.communicate()


if __name__ == "__main__":
    main()
