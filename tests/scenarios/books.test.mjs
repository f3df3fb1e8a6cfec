import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { Daemon, kKey, startDaemon } from './lib/daemon.mjs';
import { temporaryDirectory } from './lib/place.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { startRedis } from './lib/redis.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// What is known of spending outlives the process, whatever is away; and what stands in the way of the books is told.

const kTurn = { model: 'sim-1', input: 'a question', store: false, max_output_tokens: 20 };
const kMostOver = 250_000; // the last turn runs alone on what is left: overdrawn by less than one
const kPatient = { timeout: '5s' };

const keysWith = (more) => [{ name: 'dev', key: kKey, user: 'u', ...more }];
const onPostgres = (postgres) => ({ repository: 'postgres', postgres: { url: postgres.url } });
const sumOf = (rows) => rows.reduce((sum, row) => sum + row.cost_nano_usd, 0);
const isSettled = async (daemon) => (await daemon.status()).journal.lag_bytes === 0;

// Until it is refused: how many turns there were, and how the last one ended.
async function spend(t, daemon, key = kKey) {
  const client = await connect(t, daemon.wsUrl, { key });
  for (let turns = 0; ; ++turns) {
    const { error } = await client.turn(kTurn);
    if (error) return { code: error.code, turns };
  }
}

async function take(t, daemon, turns) {
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < turns; ++i) assert.equal((await client.turn(kTurn)).terminal.type, 'response.completed');
}

async function outcome(t, daemon) {
  const { error } = await (await connect(t, daemon.wsUrl)).turn(kTurn);
  return error?.code ?? 'completed';
}

test('WhatWasSpentIsKnownThoughTheRepositoryIsAwayAtTheStart', async (t) => {
  const [directory, sim, postgres] = await Promise.all([temporaryDirectory(t), startSim(t, { deltas: 4 }), startPostgres(t)]);
  const start = (quota) =>
    startDaemon(t, { directory, upstream: sim, config: { users: [{ name: 'u' }], keys: keysWith({ quota_usd: quota }), usage: onPostgres(postgres) } });
  let daemon = await start(0.002);
  const { turns } = await spend(t, daemon);
  assert.ok(turns > 3);
  await daemon.usage(turns);
  await waitFor(() => isSettled(daemon), 'the journal to be settled');
  assert.equal(await daemon.stop(), 0);
  await postgres.stop();

  daemon = await start(0.002);
  assert.equal((await spend(t, daemon)).turns, 0, 'nothing is given back');
  assert.equal(await daemon.stop(), 0);

  daemon = await start(0.0025); // a little more; its bills can be written to the journal alone
  const more = await spend(t, daemon);
  assert.ok(more.turns > 0 && more.turns < turns);
  daemon.program.child.kill('SIGKILL');
  await daemon.program.ended;
  daemon = await start(0.0025);
  assert.equal((await spend(t, daemon)).turns, 0, 'the bills that wait count');

  await postgres.start();
  await waitFor(() => isSettled(daemon), 'the journal to be settled');
  const rows = await daemon.usage(turns + more.turns);
  assert.equal(rows.length, turns + more.turns);
  assert.ok(sumOf(rows) <= 2_500_000 + kMostOver);
  assert.equal((await spend(t, daemon)).turns, 0);
  assert.equal((await daemon.admin('/api/v1/balances')).body.keys[0].used_nano_usd, sumOf(rows));
});

test('ALimitThatAReloadBringsWhileTheRepositoryIsAwayCountsWhatIsKnown', async (t) => {
  const [directory, sim, postgres] = await Promise.all([temporaryDirectory(t), startSim(t, { deltas: 4 }), startPostgres(t)]);
  const config = (more) => ({ users: [{ name: 'u' }], keys: keysWith(more), usage: onPostgres(postgres) });
  const daemon = await startDaemon(t, { directory, upstream: sim, config: config({}) });
  await take(t, daemon, 5);
  const rows = await daemon.usage(5);
  await postgres.stop();
  await take(t, daemon, 5); // these wait in the journal
  const spent = 2 * sumOf(rows);
  const file = join(directory, 'config.yaml');
  const json = JSON.parse(await readFile(file, 'utf8'));
  json.keys[0].quota_usd = spent / 1e9;
  await writeFile(file, JSON.stringify(json));
  daemon.signal('SIGHUP');
  await waitFor(() => daemon.logged('reloaded').length === 1, 'the reload');
  await waitFor(async () => (await outcome(t, daemon)) !== 'completed', 'the limit to count');
  const { turns } = await spend(t, daemon);
  assert.equal(turns, 0);
  await postgres.start();
  await waitFor(() => isSettled(daemon), 'the journal to be settled');
});

test('WhoHasALimitWaitsUntilItIsKnownWhatTheyHaveSpent', async (t) => {
  const [sim, postgres] = await Promise.all([startSim(t, { deltas: 4 }), startPostgres(t)]);
  await postgres.stop();
  const keys = [...keysWith({ quota_usd: 1 }), { name: 'free', key: 'key-free-0123456789abcdef', user: 'v' }];
  const daemon = await startDaemon(t, { upstream: sim, config: { users: [{ name: 'u' }, { name: 'v' }], keys, usage: onPostgres(postgres) } });
  assert.equal(await outcome(t, daemon), 'accounting_unavailable');
  const free = await connect(t, daemon.wsUrl, { key: keys[1].key });
  assert.equal((await free.turn(kTurn)).terminal.type, 'response.completed');
  await postgres.start();
  await waitFor(async () => (await outcome(t, daemon)) === 'completed', 'what was spent to be known');
});

for (const [what, change] of [
  ['IsNewerThanTheProgram', "INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (9999, '9999_later.sql', 'ab', 0)"],
  ['HasAnotherChecksum', "UPDATE schema_migrations SET sha256 = 'ab' WHERE number = 1"],
])
  test(`ADatabaseWhoseSchema${what}KeepsItFromServing`, async (t) => {
    const [directory, sim] = await Promise.all([temporaryDirectory(t), startSim(t)]);
    const daemon = await startDaemon(t, { directory, upstream: sim });
    assert.equal(await daemon.stop(), 0);
    const database = new DatabaseSync(join(directory, 'usage.db'));
    database.exec(change);
    database.close();
    const again = new Daemon(directory, daemon.configFile, {});
    const { code } = await again.program.ended;
    assert.equal(code, 2);
    assert.match(again.program.err, /turngate: migration .*(does not know it|has changed)/);
  });

test('ADatabaseThatANewerProgramHasTakenOverGetsNoMoreBillsAndTheJournalKeepsThem', async (t) => {
  const [sim, postgres] = await Promise.all([startSim(t), startPostgres(t)]);
  const daemon = await startDaemon(t, { upstream: sim, config: { usage: onPostgres(postgres) } });
  await take(t, daemon, 1);
  await daemon.usage(1);
  const psql = (sql) => execFileSync('psql', ['-X', '-q', '-d', postgres.url, '-c', sql]);
  psql("INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (9999, '9999_later.sql', 'ab', 0)");
  await postgres.stop();
  await take(t, daemon, 2);
  await postgres.start();
  await waitFor(() => daemon.logged("the repository is another program's: bills stay in the journal").length > 0, 'it to be told');
  assert.equal(await isSettled(daemon), false);
  psql('DELETE FROM schema_migrations WHERE number = 9999');
  await waitFor(() => isSettled(daemon), 'the journal to be settled');
  assert.equal((await daemon.usage(3)).length, 3);
});

test('BillsThatTheRepositoryRefusesCountAllTheSame', async (t) => {
  const [directory, sim] = await Promise.all([temporaryDirectory(t), startSim(t, { deltas: 4 })]);
  const config = { users: [{ name: 'u' }], keys: keysWith({ quota_usd: 0.002 }) };
  let daemon = await startDaemon(t, { directory, upstream: sim, config });
  const sql = (text) => {
    const database = new DatabaseSync(join(directory, 'usage.db'));
    database.exec('PRAGMA busy_timeout = 5000');
    database.exec(text);
    database.close();
  };
  sql("CREATE TRIGGER no_more BEFORE INSERT ON usage_records BEGIN SELECT RAISE(ABORT, 'no more'); END");
  const { turns, code } = await spend(t, daemon);
  assert.equal(code, 'insufficient_quota');
  assert.ok(turns > 3);
  await daemon.metricOnce('turngate_dead_letters', (value) => value === turns);
  const ready = await daemon.admin('/readyz');
  assert.equal(ready.status, 200, 'turns go on');
  assert.match(ready.body.warnings[0], /dead letters/);
  assert.equal((await daemon.status()).repository.dead_letters, turns);
  const used = async () => (await daemon.admin('/api/v1/balances')).body.keys[0].used_nano_usd;
  await waitFor(async () => (await used()) > 0, 'letters to count');
  const before = await used();
  assert.ok(before <= 2_000_000 + kMostOver);
  assert.equal((await spend(t, daemon)).turns, 0);
  assert.equal(await daemon.stop(), 0);
  daemon = await startDaemon(t, { directory, upstream: sim, config });
  assert.equal((await spend(t, daemon)).turns, 0, 'after a restart, too');
  assert.equal(await used(), before);
});

test('AJournalWhoseDirectoryIsDeletedIsNoticedAndLosesNoBill', async (t) => {
  const [sim, postgres] = await Promise.all([startSim(t), startPostgres(t)]);
  const daemon = await startDaemon(t, { upstream: sim, config: { usage: onPostgres(postgres) } });
  await take(t, daemon, 3);
  await daemon.usage(3);
  await postgres.stop();
  await take(t, daemon, 20); // in the journal alone
  await rm(join(daemon.home, 'journal'), { recursive: true });
  await waitFor(async () => (await daemon.admin('/readyz')).status === 503, 'it to be noticed', 2_000);
  assert.equal(await outcome(t, daemon), 'accounting_unavailable');
  await waitFor(async () => (await daemon.admin('/readyz')).status === 200, 'the journal to be put back');
  await take(t, daemon, 5);
  daemon.program.child.kill('SIGKILL');
  await daemon.program.ended;
  await postgres.start();
  const next = new Daemon(daemon.home, daemon.configFile, {});
  t.after(() => next.finish());
  await next.ready();
  assert.equal((await next.usage(28)).length, 28, 'the next process finds them all');
});

test('AJournalWhoseDirectoryIsMovedAndPutBackGoesOn', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim });
  await take(t, daemon, 3);
  const [place, elsewhere] = [join(daemon.home, 'journal'), join(daemon.home, 'elsewhere')];
  await rename(place, elsewhere);
  await waitFor(async () => (await daemon.admin('/readyz')).status === 503, 'it to be noticed', 2_000);
  await rename(elsewhere, place);
  await waitFor(async () => (await daemon.admin('/readyz')).status === 200, 'it to be well again');
  await take(t, daemon, 3);
  assert.equal((await daemon.usage(6)).length, 6);
});

test('GatewaysThatShareAKeyCountEachTurnOnce', async (t) => {
  const [sim, redis, postgres] = await Promise.all([startSim(t, { deltas: 4 }), startRedis(t), startPostgres(t)]);
  const start = (instance, directory) =>
    startDaemon(t, {
      directory,
      upstream: sim,
      config: { users: [{ name: 'u' }], keys: keysWith({ quota_usd: 1 }), state: redis.stateOf(instance, kPatient), usage: onPostgres(postgres) },
    });
  let [one, two] = [await start('one'), await start('two')];
  for (const daemon of [one, two]) await waitFor(async () => (await daemon.status()).store.healthy, 'Redis');
  for (let round = 0; round < 3; ++round) {
    await Promise.all([take(t, one, 10), take(t, two, 10)]);
    for (const daemon of [one, two]) await waitFor(() => isSettled(daemon), 'the journal to be settled');
    const balances = async () => (await one.admin('/api/v1/balances')).body.keys[0];
    await waitFor(async () => (await balances()).held_nano_usd === 0, 'no bill to count beside its sum');
    one.program.child.kill('SIGKILL'); // at whatever it just does
    await one.program.ended;
    one = await start('one', one.home);
    await waitFor(async () => (await one.status()).store.healthy, 'Redis');
  }
  const rows = await one.usage(60);
  const { used_nano_usd, held_nano_usd } = (await one.admin('/api/v1/balances')).body.keys[0];
  assert.deepEqual([used_nano_usd, held_nano_usd], [sumOf(rows), 0]);
});
