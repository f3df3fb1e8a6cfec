import { execFileSync } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';

// What stands in the usage repository, read past the gateway: {rows, users, keys, letters}. Users and keys are
// {name: nano-dollars}. `ask` takes SQL and returns rows as objects.
export function readBooks(ask) {
  const sums = (table, column) => {
    const all = ask(`SELECT name, ${column} AS sum FROM ${table}`);
    return Object.fromEntries(all.map(({ name, sum }) => [name, sum]));
  };
  return {
    rows: ask('SELECT response_uid, user_name, key_name, cost_nano_usd FROM usage_records'),
    users: sums('users', 'spent_nano_usd'),
    keys: sums('keys', 'used_nano_usd'),
    letters: ask('SELECT response_uid, reason FROM dead_letters'),
  };
}

export function askSqlite(path) {
  return (sql) => {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  };
}

export function askPostgres(url) {
  return (sql) => {
    const all = `SELECT coalesce(json_agg(r), '[]') FROM (${sql}) r`;
    return JSON.parse(execFileSync('psql', ['-X', '-A', '-t', '-d', url, '-c', all], { encoding: 'utf8', maxBuffer: 2 ** 28 }));
  };
}
