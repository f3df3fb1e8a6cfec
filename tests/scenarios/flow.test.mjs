import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { kKey, startDaemon } from './lib/daemon.mjs';
import { binary } from './lib/place.mjs';
import { startSim } from './lib/sim.mjs';
import { kPatience, waitFor } from './lib/wait.mjs';

// Many clients, slow clients, large messages: what one does, the others do not notice.

test('ASlowClientStopsItsUpstreamAndNobodyElse', async (t) => {
  const script = [{ match: { input_contains: 'long' }, do: { deltas: 20_000 } }];
  const sim = await startSim(t, { deltas: 300, deltaBytes: 8192, script });
  const config = { server: { threads: 1 }, relay: { max_buffer: '256KiB' } };
  const daemon = await startDaemon(t, { upstream: sim, config });
  const slow = await connect(t, daemon.wsUrl);
  slow.stopReading();
  slow.create({ model: 'sim-1', input: 'a long one' });
  await daemon.metricOnce('turngate_backpressure_pauses_total', (n) => n > 0);
  const quick = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 3; ++i) {
    const done = await quick.turn({ model: 'sim-1', input: 'y' });
    assert.equal(done.terminal.type, 'response.completed');
  }
  // 160 MB are to come; what the kernel's buffers and 256 KiB do not hold is still upstream.
  const { bytes_out: sent } = await sim.stats();
  assert.ok(sent < 80_000_000, `${sent} bytes were read for a client that reads nothing`);
  slow.goOnReading();
  const late = await slow.toEnd(undefined, 2 * kPatience);
  assert.equal(late.events.filter((event) => event.type === 'response.output_text.delta').length, 20_000);
});

test('AClientStuckTooLongIsDroppedAndItsTurnBilled', async (t) => {
  const sim = await startSim(t, { deltas: 3000, deltaBytes: 8192 });
  const config = { relay: { max_buffer: '64KiB', client_write_timeout: '300ms' } };
  const daemon = await startDaemon(t, { upstream: sim, config });
  const stuck = await connect(t, daemon.wsUrl);
  stuck.stopReading();
  stuck.create({ model: 'sim-1', input: 'x' });
  const ended = await daemon.loggedOnce('session ended');
  assert.equal(ended.by, 'silent');
  const [row] = await daemon.usage(1);
  assert.equal(row.status, 'aborted');
});

test('AMebibyteEachWayComesThroughWhole', async (t) => {
  const sim = await startSim(t, { deltas: 1, deltaBytes: 1 << 20 });
  const daemon = await startDaemon(t, { upstream: sim });
  for (const deflate of [false, true]) {
    const client = await connect(t, daemon.wsUrl, { deflate });
    const input = Array.from({ length: 1 << 17 }, (_, i) => String(i % 10)).join('-') + 'ü'.repeat(100_000) + 'x'.repeat(1 << 19);
    const turn = await client.turn({ model: 'sim-1', input });
    assert.equal(turn.text.length, 1 << 20);
    assert.equal(turn.text, turn.items[0].content[0].text);
    assert.equal(JSON.parse(sim.messages().at(-1).message).input, input);
    await client.close();
  }
});

test('TurnsOfASocketRunInOrder', async (t) => {
  const sim = await startSim(t, { deltas: 3, deltaIntervalUs: 2000 });
  const daemon = await startDaemon(t, { upstream: sim });
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 20; ++i) client.create({ model: 'sim-1', input: `number ${i}` });
  for (let i = 0; i < 20; ++i) {
    const turn = await client.toEnd();
    assert.match(turn.text + '|', new RegExp(`number ${i}\\D`));
  }
  assert.equal(sim.upgrades().length, 1);
});

test('MoreThan64WaitingCreatesAreRefusedWithRetryAfter', async (t) => {
  const sim = await startSim(t, { deltas: 100, deltaIntervalUs: 10_000 });
  const daemon = await startDaemon(t, { upstream: sim });
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 70; ++i) client.create({ model: 'sim-1', input: `number ${i}` });
  const refused = await client.next('error');
  assert.equal(refused.error.code, 'rate_limit_exceeded');
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers['retry-after']) > 0);
});

test('AUsersTurnsNeverExceedItsSlotsAndEachGetsItsTurn', async (t) => {
  const sim = await startSim(t, { deltas: 4, deltaIntervalUs: 3000 });
  const users = [{ name: 'u', concurrency: 3 }];
  const daemon = await startDaemon(t, { upstream: sim, config: { users, keys: [{ name: 'dev', key: kKey, user: 'u' }] } });
  const clients = await Promise.all(Array.from({ length: 12 }, () => connect(t, daemon.wsUrl)));
  const turns = await Promise.all(clients.map((client) => client.turn({ model: 'sim-1', input: 'x' })));
  assert.ok(turns.every((turn) => turn.terminal.type === 'response.completed'));
  // As the upstream saw it: creates begun less responses ended, in the order of its transcript.
  let running = 0;
  let most = 0;
  for (const entry of sim.transcript()) {
    if ('message' in entry) most = Math.max(most, ++running);
    if (entry.response) --running;
  }
  assert.ok(most <= 3, `${most} ran at once`);
});

test('MultipliersOfUserAndAccountAreInTheBill', async (t) => {
  const sim = await startSim(t);
  const config = {
    groups: [{ name: 'default', multiplier: 1.5 }],
    users: [{ name: 'a', group_multipliers: { default: 0.5 } }, { name: 'b' }],
    keys: [{ name: 'ka', key: 'key-a-0123456789', user: 'a' }, { name: 'kb', key: 'key-b-0123456789', user: 'b' }],
    accounts: [{ name: 'sim', base_url: sim.url, api_key: sim.key, cost_multiplier: 0.25 }],
  };
  const daemon = await startDaemon(t, { upstream: sim, config });
  const usage = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };
  await sim.script([{ do: { usage } }]);
  for (const key of ['key-a-0123456789', 'key-b-0123456789']) {
    const client = await connect(t, daemon.wsUrl, { key });
    await client.turn({ model: 'sim-1', input: 'x' });
  }
  const rows = await daemon.usage(2);
  const list = 1000 * 1000 + 100 * 10_000; // nano-dollars at sim-1's prices
  assert.deepEqual(rows.map((row) => [row.user, row.cost_nano_usd, row.account_cost_nano_usd]), [
    ['a', list * 0.5, list * 0.25],
    ['b', list * 1.5, list * 0.25],
  ]);
  const { body } = await daemon.admin('/api/v1/usage?by=user');
  assert.deepEqual(body.data.map((sum) => [sum.user, sum.responses]).sort(), [['a', 1], ['b', 1]]);
});

test('PublicModelNamesBecomeTheAccounts', async (t) => {
  const sim = await startSim(t);
  const accounts = [{ name: 'sim', base_url: sim.url, api_key: sim.key, models: { public: 'sim-1', 'sim-1': 'sim-1' } }];
  const daemon = await startDaemon(t, { upstream: sim, config: { accounts } });
  const client = await connect(t, daemon.wsUrl);
  const text = '{ "type":"response.create" ,"model" : "public", "input":"größe \\u00e4 €" , "x":[1.50,{"y":null}] }';
  client.sendRaw(text);
  assert.equal((await client.toEnd()).terminal.type, 'response.completed');
  assert.equal(sim.messages()[0].message, text.replace('"public"', '"sim-1"'), 'all else byte for byte');
  assert.equal((await client.turn({ model: 'other', input: 'x' })).error.code, 'model_not_found');
  const [row] = await daemon.usage(1);
  assert.equal(row.requested_model, 'public');
  assert.equal(row.upstream_model, 'sim-1');
});

test('SessionsOfOneTenantAreNoSecretsOfAnother', async (t) => {
  const sim = await startSim(t);
  const config = {
    users: [{ name: 'a' }, { name: 'b' }],
    keys: [{ name: 'ka', key: 'key-a-0123456789', user: 'a' }, { name: 'kb', key: 'key-b-0123456789', user: 'b' }],
  };
  const daemon = await startDaemon(t, { upstream: sim, config });
  const a = await connect(t, daemon.wsUrl, { key: 'key-a-0123456789', headers: { 'session-id': 's' } });
  const b = await connect(t, daemon.wsUrl, { key: 'key-b-0123456789', headers: { 'session-id': 's' } });
  const mine = await a.turn({ model: 'sim-1', input: 'a secret', store: true });
  const foreign = await b.turn({ model: 'sim-1', input: 'tell me', previous_response_id: mine.id });
  const unknown = await b.turn({ model: 'sim-1', input: 'tell me', previous_response_id: 'resp_never_was' });
  assert.deepEqual(foreign.terminal, unknown.terminal);
  assert.equal(foreign.error.code, 'previous_response_not_found');
  assert.equal(sim.creates().length, 1);
});

test('TurngateUsageShowsWhatTheAdminSideShows', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim });
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 3; ++i) await client.turn({ model: 'sim-1', input: 'x' });
  await daemon.usage(3);
  const run = (...args) => execFileSync(binary('turngate'), ['usage', '--config', daemon.configFile, ...args]).toString();
  assert.deepEqual(JSON.parse(run('--json')), (await daemon.admin('/api/v1/usage')).body);
  assert.deepEqual(JSON.parse(run('--json', '--by', 'model', '--since', '24h')), (await daemon.admin('/api/v1/usage?by=model&since=24h')).body);
  assert.match(run(), /total +3 responses/);
});

test('AnAdminTokenIsAskedFor', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim, config: { admin: { token: 'secret-admin-token' } } });
  assert.equal((await daemon.admin('/api/v1/usage')).status, 401);
  assert.equal((await daemon.admin('/metrics')).status, 401);
  const headers = { authorization: 'Bearer secret-admin-token' };
  assert.equal((await daemon.admin('/api/v1/usage', { headers })).status, 200);
  assert.equal((await daemon.admin('/healthz')).status, 200);
});

test('MetricsTellWhatHappened', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim });
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 2; ++i) await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal(await daemon.metric('turngate_turns_total', { outcome: 'completed' }), 2);
  assert.equal(await daemon.metric('turngate_sessions'), 1);
  assert.equal(await daemon.metric('turngate_upstream_connections'), 1);
  assert.equal(await daemon.metric('turngate_upstream_reused_total'), 1);
  assert.equal(await daemon.metric('turngate_first_token_seconds_count'), 2);
  await daemon.metricOnce('turngate_usage_settled_total', (n) => n === 2);
});

test('UnixSocketsAndSeveralAddressesAreListenedOn', async (t) => {
  const sim = await startSim(t);
  const path = `/tmp/turngate-test-${process.pid}.sock`;
  const daemon = await startDaemon(t, { upstream: sim, config: { server: { listen: ['127.0.0.1:0', `unix:${path}`] } } });
  await waitFor(() => daemon.logged('listening').length === 2, 'both addresses');
  const client = await connect(t, `ws+unix://${path}:/v1/responses`, { headers: { 'session-id': 'moves to another loop' } });
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
  const other = await connect(t, daemon.wsUrl);
  assert.equal((await other.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
});

test('ASessionKeyAlwaysMeetsTheSameLoop', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim, config: { server: { threads: 4 } } });
  for (let i = 0; i < 12; ++i) {
    const client = await connect(t, daemon.wsUrl, { headers: { 'session-id': `session ${i % 3}` } });
    assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
    await client.close();
  }
  const loops = new Map();
  for (const line of daemon.logged('session begun')) {
    if (!loops.has(line.key_hash)) loops.set(line.key_hash, new Set());
    loops.get(line.key_hash).add(line.loop);
  }
  assert.equal(loops.size, 3);
  for (const used of loops.values()) assert.equal(used.size, 1);
});
