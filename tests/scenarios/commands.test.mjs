import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { connect, refusal } from './lib/client.mjs';
import { baseConfig, merge, startDaemon } from './lib/daemon.mjs';
import { binary, temporaryDirectory } from './lib/place.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// interface.md "Programs": what the subcommands do to the repository, with and without a gateway beside them.

const kTurn = { model: 'sim-1', input: 'hello', store: false, max_output_tokens: 100 };
const kWithin = slowed(10_000);

function run(daemon, ...args) {
  const { status, stdout, stderr } = spawnSync(binary('turngate'), [...args, '--config', daemon.configFile]);
  return { status, out: stdout.toString(), err: stderr.toString() };
}

function fine(daemon, ...args) {
  const { status, out, err } = run(daemon, ...args);
  assert.equal(status, 0, err);
  return out;
}

const json = (daemon, ...args) => JSON.parse(fine(daemon, ...args, '--json'));

async function withoutDaemon(t, config = {}) {
  const home = await temporaryDirectory(t);
  const configFile = join(home, 'config.yaml');
  const whole = merge(merge(baseConfig(home), { accounts: [{ name: 'a', base_url: 'http://127.0.0.1:1/v1', api_key: 'x' }] }), config);
  writeFileSync(configFile, JSON.stringify(whole));
  return { home, configFile };
}

const opens = (t, daemon, key) => waitFor(() => connect(t, daemon.wsUrl, { key }).catch(() => null), 'the key to be known', kWithin);
const isDone = async (client) => (await client.turn(kTurn)).terminal?.type === 'response.completed';

const usageOf = async (t, backend) =>
  backend === 'postgres' ? { repository: 'postgres', postgres: { url: (await startPostgres(t)).url } } : {};

test('CommandsThatNeedADatabaseMakeNone', async (t) => {
  const place = await withoutDaemon(t);
  const key = ['--name', 'k', '--user', 'u', '--group', 'default'];
  for (const args of [
    ['usage'],
    ['keys', 'list'],
    ['keys', 'create', ...key],
    ['users', 'credit', '--name', 'u', '--usd', '1'],
    ['reconcile', '--fix'],
    ['retain', '--older-than', '400d'],
    ['dead-letters', 'list'],
  ]) {
    const { status, out, err } = run(place, ...args);
    assert.deepEqual([status, out], [2, ''], args.join(' '));
    assert.match(err, /there is no database here/);
  }
  assert.deepEqual(readdirSync(place.home), ['config.yaml']);
  fine(place, 'migrate');
  assert.deepEqual(json(place, 'usage').data, []);
});

test('ReportsMigrateNothing', async (t) => {
  const postgres = await startPostgres(t);
  const place = await withoutDaemon(t, { usage: { repository: 'postgres', postgres: { url: postgres.url } } });
  for (const args of [['usage'], ['keys', 'list'], ['reconcile']]) {
    const { status, err } = run(place, ...args);
    assert.equal(status, 2);
    assert.match(err, /no tables of turngate/);
  }
  fine(place, 'migrate');
  assert.deepEqual(json(place, 'usage').data, []);
});

test('WhatIsMadeIsNobodyElsesToRead', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t), config: {} });
  assert.ok(await isDone(await connect(t, daemon.wsUrl)));
  const mode = (path) => statSync(join(daemon.home, path)).mode & 0o777;
  assert.equal(mode('usage.db'), 0o600);
  assert.equal(mode('usage.db-wal'), 0o600);
  assert.equal(mode('journal'), 0o700);
  for (const file of readdirSync(join(daemon.home, 'journal'))) assert.equal(mode(join('journal', file)), 0o600, file);
  assert.equal(daemon.logged('every user of this machine can read bills').length, 0);
});

test('WhatEverybodyCanReadIsToldOfAndLeft', async (t) => {
  const place = await withoutDaemon(t);
  fine(place, 'migrate');
  chmodSync(join(place.home, 'usage.db'), 0o644);
  const daemon = await startDaemon(t, { upstream: await startSim(t), directory: place.home });
  assert.equal(daemon.logged('every user of this machine can read bills').length, 1);
  assert.equal(statSync(join(place.home, 'usage.db')).mode & 0o777, 0o644);
});

test('APieceOfADatabasePasswordIsNeverShown', async (t) => {
  for (const url of ['postgresql://u:pie@ce/wrd@localhost/db', 'postgresql://u:pie%zzce@localhost/db']) {
    const place = await withoutDaemon(t, { usage: { repository: 'postgres', postgres: { url } } });
    for (const args of [['usage'], ['migrate'], ['serve']]) {
      const { status, out, err } = run(place, ...args);
      assert.equal(status, 2, url);
      assert.doesNotMatch(out + err, /pie|ce@|wrd/);
    }
  }
});

for (const backend of ['sqlite', 'postgres']) {
  test(`WhatIsPaidInAtTheSameTimeAddsUpAndIsWrittenDown (${backend})`, async (t) => {
    const place = await withoutDaemon(t, { usage: await usageOf(t, backend), users: [{ name: 'fixed', balance_usd: 3 }], keys: [] });
    fine(place, 'migrate');
    const args = ['users', 'credit', '--name', 'ann', '--usd', '+2.5', '--note', 'June', '--config', place.configFile];
    const tills = Array.from({ length: 6 }, () => spawn(binary('turngate'), args, { stdio: 'ignore' }));
    for (const [code] of await Promise.all(tills.map((till) => once(till, 'close')))) assert.equal(code, 0);
    fine(place, 'users', 'credit', '--name', 'ann', '--usd', '-1', '--note', 'a mistake');
    const ann = json(place, 'users', 'show', '--name', 'ann');
    assert.deepEqual([ann.credit_nano_usd, ann.spent_nano_usd, ann.balance_nano_usd], [14e9, 0, 14e9]);
    assert.deepEqual(ann.book.map((entry) => entry.added_nano_usd), [-1e9, ...Array(6).fill(2.5e9)]);
    assert.deepEqual([ann.book[0].note, ann.book[1].note], ['a mistake', 'June']);
    assert.ok(ann.book.every((entry) => entry.by && entry.made_at));
    fine(place, 'users', 'set', '--name', 'ann', '--balance-usd', '5');
    assert.equal(json(place, 'users', 'show', '--name', 'ann').book[0].added_nano_usd, null);
    const users = json(place, 'users', 'list').data.map((user) => [user.user, user.credit_nano_usd]);
    assert.deepEqual(users, [['ann', 5e9], ['fixed', 3e9]]);
    const refused = run(place, 'users', 'credit', '--name', 'fixed', '--usd', '1');
    assert.equal(refused.status, 1);
    assert.match(refused.err, /the configuration has that user's balance/);
  });

  test(`AKeyIsChangedAndItsNameUsedAgain (${backend})`, async (t) => {
    const config = { usage: await usageOf(t, backend) };
    const daemon = await startDaemon(t, { upstream: await startSim(t), config });
    const create = () => fine(daemon, 'keys', 'create', '--name', 'made', '--user', 'ann', '--group', 'default').trim();
    const first = create();
    const client = await opens(t, daemon, first);
    assert.ok(await isDone(client));
    fine(daemon, 'keys', 'set', '--name', 'made', '--quota-usd', '0.0000001');
    await waitFor(async () => (await client.turn(kTurn)).error?.code === 'insufficient_quota', 'the quota to count', kWithin);
    fine(daemon, 'keys', 'set', '--name', 'made', '--quota-usd', 'none', '--rpm', '1000');
    await waitFor(() => isDone(client), 'the quota to be gone', kWithin);
    assert.equal(run(daemon, 'keys', 'set', '--name', 'nobodys', '--rpm', '1').status, 1);

    fine(daemon, 'keys', 'revoke', '--name', 'made');
    const { used_nano_usd: used } = json(daemon, 'keys', 'list').data[0];
    const second = create();
    assert.notEqual(second, first);
    assert.equal((await client.closed(kWithin)).code, 1008);
    assert.ok(await isDone(await opens(t, daemon, second)));
    assert.equal((await refusal(t, daemon.wsUrl, { key: first })).status, 401, 'the old secret stays dead');
    assert.ok(used > 0);
    await waitFor(() => json(daemon, 'keys', 'list').data[0].used_nano_usd > used, 'the name to have both keys\' bills');
  });

  test(`WhoReadsByTheOrderOfSettlingMissesNoBill (${backend})`, async (t) => {
    const daemon = await startDaemon(t, { upstream: await startSim(t), config: { usage: await usageOf(t, backend) } });
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect(t, daemon.wsUrl)));
    const seen = [];
    const readOn = () => {
      const { data, next_cursor: cursor } = json(daemon, 'usage', '--after', String(seen.at(-1)?.settled_seq ?? 0), '--limit', '7');
      assert.equal(cursor, null);
      seen.push(...data);
      return data.length > 0;
    };
    for (let round = 0; round < 3; ++round) {
      await Promise.all(clients.map((client) => isDone(client)));
      readOn();
    }
    const all = await daemon.usage(12);
    while (readOn());
    assert.deepEqual(seen.map((row) => row.response_uid).sort(), all.map((row) => row.response_uid).sort());
    assert.ok(seen.every((row, i) => i === 0 || row.settled_seq > seen[i - 1].settled_seq));
    const [sum] = json(daemon, 'usage', '--by', 'user').data;
    assert.deepEqual([sum.responses, sum.cost_nano_usd], [12, all.reduce((cost, row) => cost + row.cost_nano_usd, 0)]);
    assert.deepEqual(json(daemon, 'usage', '--by', 'day', '--key', 'nobodys').data, []);
  });
}

test('ReconcileCountsRefusedBillsAndFindsAResponseBilledTwice', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t) });
  const client = await connect(t, daemon.wsUrl);
  assert.ok(await isDone(client));
  await daemon.usage(1);
  assert.equal(run(daemon, 'reconcile').status, 0);
  const database = new DatabaseSync(join(daemon.home, 'usage.db'));
  database.exec("CREATE TRIGGER no BEFORE INSERT ON usage_records BEGIN SELECT RAISE(ABORT, 'closed for today'); END");
  assert.ok(await isDone(client));
  const letters = await waitFor(() => {
    const { data } = json(daemon, 'dead-letters', 'list');
    return data.length > 0 && data;
  }, 'the bill to be refused', kWithin);
  assert.match(letters[0].reason, /closed for today/);
  assert.equal(letters[0].record.response_uid, letters[0].response_uid);
  const found = run(daemon, 'reconcile', '--json');
  assert.deepEqual([found.status, JSON.parse(found.out).dead_letters], [4, 1]);

  database.exec('DROP TRIGGER no; DELETE FROM dead_letters');
  assert.ok(await isDone(client));
  await daemon.usage(2);
  database.exec('UPDATE usage_records SET upstream_response_id = (SELECT max(upstream_response_id) FROM usage_records)');
  database.close();
  const doubled = run(daemon, 'reconcile', '--json');
  assert.equal(doubled.status, 4);
  assert.equal(JSON.parse(doubled.out).billed_twice[0].bills, 2);
});

test('TheConfigurationIsFoundByTheEnvironment', async (t) => {
  const place = await withoutDaemon(t);
  const { status } = spawnSync(binary('turngate'), ['migrate'], { env: { ...process.env, TURNGATE_CONFIG: place.configFile } });
  assert.equal(status, 0);
  assert.ok(existsSync(join(place.home, 'usage.db')));
});

test('KeysAndCreditsAreChangedOverAdminHttp', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t) });
  const call = async (method, path, body) => {
    const headers = { 'x-turngate': '1', 'content-type': 'application/json' };
    return daemon.admin(`/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  };
  const made = await call('POST', 'keys', { name: 'a b', user: 'ann' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const client = await opens(t, daemon, made.body.secret);
  assert.ok(await isDone(client));
  const credit = await call('POST', 'users/ann/credit', { usd: '0.0000001', note: 'June' });
  assert.equal(credit.body.credit_nano_usd, 100);
  await waitFor(async () => (await client.turn(kTurn)).error?.code === 'insufficient_quota', 'the credit to count', kWithin);
  assert.equal((await call('POST', 'users/ann/credit', { usd: 5 })).status, 200);
  await waitFor(() => isDone(client), 'more credit to count', kWithin);
  const { body: ann } = await call('GET', 'users/ann');
  assert.deepEqual(ann.book.map((entry) => entry.added_nano_usd), [5e9, 100]);
  assert.match(ann.book[0].by, /admin/);
  assert.equal((await call('PATCH', 'keys/a%20b', { rpm: 9 })).body.rpm, 9);
  assert.equal((await call('POST', 'keys', { name: 'dev', user: 'ann' })).status, 409, 'the file wins');
  assert.equal((await call('DELETE', 'keys/a%20b')).status, 200);
  assert.equal((await client.closed(kWithin)).code, 1008);
  assert.deepEqual((await call('GET', 'dead-letters')).body.data, []);
  assert.equal((await call('GET', 'usage?after=0&limit=1')).body.data.length, 1);
});

for (const backend of ['sqlite', 'postgres']) {
  test(`ARefusedBillIsSettledOnceItsReasonIsGone (${backend})`, async (t) => {
    const postgres = backend === 'postgres' ? await startPostgres(t) : null;
    const usage = postgres ? { repository: 'postgres', postgres: { url: postgres.url } } : {};
    const daemon = await startDaemon(t, { upstream: await startSim(t), config: { usage } });
    const client = await connect(t, daemon.wsUrl);
    assert.ok(await isDone(client));
    await daemon.usage(1);
    const change = (onSqlite, onPostgres) => {
      if (postgres) return assert.equal(spawnSync('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-d', postgres.url, '-c', onPostgres]).status, 0);
      const database = new DatabaseSync(join(daemon.home, 'usage.db'));
      database.exec(onSqlite);
      database.close();
    };
    change(
      "CREATE TRIGGER no BEFORE INSERT ON usage_records BEGIN SELECT RAISE(ABORT, 'closed for today'); END",
      "ALTER TABLE usage_records ADD CONSTRAINT no CHECK (status = 99) NOT VALID",
    );
    assert.ok(await isDone(client));
    await waitFor(() => json(daemon, 'dead-letters', 'list').data.length === 1, 'the bill to be refused', kWithin);
    assert.equal(run(daemon, 'dead-letters', 'retry').status, 4, 'the reason is still there');
    change('DROP TRIGGER no', 'ALTER TABLE usage_records DROP CONSTRAINT no');
    assert.deepEqual(json(daemon, 'dead-letters', 'retry'), { settled: 1, refused: [] });
    assert.equal((await daemon.usage(2)).length, 2);
    assert.equal(run(daemon, 'reconcile').status, 0, 'balances are what the bills come to');
    assert.equal(run(daemon, 'dead-letters', 'retry', '--uid', 'none').status, 1);
  });
}
