import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { connect, refusal } from './lib/client.mjs';
import { kKey, startDaemon } from './lib/daemon.mjs';
import { binary } from './lib/place.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// interface.md "Keys on the command line": keys of the repository beside those of the file. What is done there reaches a
// running gateway within 5 s.

const kTurn = { model: 'sim-1', input: 'hello', store: false, max_output_tokens: 100 };
const kWithin = slowed(5_000);

function run(daemon, ...args) {
  const { status, stdout, stderr } = spawnSync(binary('turngate'), [...args, '--config', daemon.configFile]);
  return { status, out: stdout.toString(), err: stderr.toString() };
}

function createKey(daemon, name, ...more) {
  const { status, out, err } = run(daemon, 'keys', 'create', '--name', name, '--user', 'ann', '--group', 'default', ...more);
  assert.equal(status, 0, err);
  assert.match(out, /^sk-tg-[0-9a-f]{48}\n$/, 'the secret alone');
  return out.trim();
}

const opens = (t, daemon, key) =>
  waitFor(() => connect(t, daemon.wsUrl, { key }).catch(() => null), 'the new key to be known', kWithin);

for (const backend of ['sqlite', 'postgres']) {
  test(`AKeyMadeOnTheCommandLineWorksUntilItIsRevoked (${backend})`, async (t) => {
    const postgres = backend === 'postgres' ? await startPostgres(t) : null;
    const usage = postgres ? { repository: 'postgres', postgres: { url: postgres.url } } : {};
    const daemon = await startDaemon(t, { upstream: await startSim(t), config: { usage } });
    const secret = createKey(daemon, 'made', '--quota-usd', '1');
    const client = await opens(t, daemon, secret);
    assert.equal((await client.turn(kTurn)).terminal.type, 'response.completed');
    const [row] = await daemon.usage(1);
    assert.deepEqual([row.key, row.user, row.group], ['made', 'ann', 'default']);

    const list = run(daemon, 'keys', 'list', '--json').out;
    assert.ok(!list.includes(secret), 'the secret is never shown again');
    const [listed] = JSON.parse(list).data;
    assert.deepEqual([listed.name, listed.quota_nano_usd, listed.used_nano_usd], ['made', 1_000_000_000, row.cost_nano_usd]);

    assert.equal(run(daemon, 'keys', 'revoke', '--name', 'made').status, 0);
    const { code } = await client.closed(kWithin);
    assert.equal(code, 1008);
    assert.equal((await refusal(t, daemon.wsUrl, { key: secret })).status, 401);
    assert.equal((await (await connect(t, daemon.wsUrl)).turn(kTurn)).terminal.type, 'response.completed', 'others go on');
    assert.equal(run(daemon, 'keys', 'revoke', '--name', 'made').status, 1, 'there is no such live key any more');
  });
}

test('AQuotaAndACreditOfTheRepositoryCount', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t) });
  const poor = await opens(t, daemon, createKey(daemon, 'poor', '--quota-usd', '0.0001'));
  assert.equal((await poor.turn(kTurn)).terminal.type, 'response.completed', 'what is left is usable');
  assert.equal((await poor.turn(kTurn)).error.code, 'insufficient_quota');
  const rich = await opens(t, daemon, createKey(daemon, 'rich'));
  assert.equal((await rich.turn(kTurn)).terminal.type, 'response.completed');
  assert.equal(run(daemon, 'users', 'set', '--name', 'ann', '--balance-usd', '0.0001').status, 0);
  const isSpent = async () => (await rich.turn(kTurn)).error?.code === 'insufficient_quota';
  await waitFor(isSpent, 'the credit to count', kWithin);
  assert.equal(run(daemon, 'users', 'set', '--name', 'ann', '--balance-usd', 'none').status, 0);
  await waitFor(async () => !(await isSpent()), 'the credit to be without limit', kWithin);
});

test('AKeyEndsWhenItExpires', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t) });
  const expires = new Date(Date.now() + slowed(6_000)).toISOString();
  const client = await opens(t, daemon, createKey(daemon, 'short', '--expires', expires));
  assert.equal((await client.turn(kTurn)).terminal.type, 'response.completed');
  assert.equal((await client.closed(slowed(12_000))).code, 1008);
});

test('BadArgumentsAreToldAndTheFileWins', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t), config: { keys: [{ name: 'dev', key: kKey }] } });
  const create = (...args) => run(daemon, 'keys', 'create', ...args);
  const good = ['--user', 'ann', '--group', 'default'];
  for (const [args, why] of [
    [['--name', 'dev', ...good], /the configuration has a key of that name/],
    [['--name', 'k', '--user', 'ann', '--group', 'nobodys'], /no group is named "nobodys"/],
    [['--name', 'k', ...good, '--quota-usd', 'much'], /want an amount/],
    [['--name', 'k', ...good, '--expires', '2020-01-01'], /to come/],
    [['--name', '', ...good], /printable/],
  ]) {
    const { status, out, err } = create(...args);
    assert.deepEqual([status, out], [1, ''], args.join(' '));
    assert.match(err, why);
  }
  createKey(daemon, 'once');
  assert.equal(create('--name', 'once', ...good).status, 1, 'a name is given once');
  assert.equal(run(daemon, 'reconcile').status, 0);
  assert.equal(run(daemon, 'retain', '--older-than', '1h').status, 1);
  assert.equal(run(daemon, 'retain', '--older-than', '400d').out, '0 records deleted\n');
});
