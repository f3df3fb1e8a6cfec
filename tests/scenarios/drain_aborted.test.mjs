import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// behaviour.md section 7, `aborted_turns: drain`: a response whose client has gone is read to its end without it, and billed for
// what it really cost; where that does not come, once by an estimate. Beside it what the default makes of the same.

const kStory = { deltas: 150, interval_us: 10_000 }; // about two seconds
const kEndless = { deltas: 100_000, interval_us: 10_000 };
const kScript = [
  { match: { input_contains: 'a story' }, do: { ...kStory, usage: { input_tokens: 321, output_tokens: 123, total_tokens: 444 } } },
  { match: { input_contains: 'for ever' }, do: kEndless },
  { match: { input_contains: 'a failure' }, do: { ...kStory, failed: { code: 'server_error', message: 'oops', usage: { input_tokens: 7, output_tokens: 2, total_tokens: 9 } } } },
  { match: { input_contains: 'nothing at first' }, do: { delay_ms: 500, usage: { input_tokens: 11, output_tokens: 1, total_tokens: 12 } } },
  { match: { input_contains: 'everything at once' }, do: { deltas: 3000, delta_bytes: 8192, usage: { input_tokens: 5, output_tokens: 6, total_tokens: 11 } } },
];

async function gateway(t, usage = { aborted_turns: 'drain' }, { account = {}, ...config } = {}) {
  const sim = await startSim(t, { script: kScript });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...config, usage } });
  return { sim, daemon };
}

// A client that goes while it is being told `input`.
async function leave(t, daemon, input, options = {}) {
  const client = await connect(t, daemon.wsUrl, options);
  client.create({ model: 'sim-1', input });
  await client.next('response.output_text.delta');
  client.drop();
  return client.frames[0].event.response.id;
}

const draining = (daemon, count) => daemon.metricOnce('turngate_turns_draining', (n) => n === count);

const summary = (row) => [row.status, row.reason, row.estimated];
const tokens = (row) => [row.input_tokens, row.output_tokens, row.total_tokens];
const kEstimated = ['aborted', 'client_gone', true];

async function assertTheNextIsServed(t, daemon) {
  const next = await connect(t, daemon.wsUrl);
  assert.equal((await next.turn({ model: 'sim-1', input: 'and now?' })).terminal.type, 'response.completed');
  await next.close();
}

async function assertReleased(daemon) {
  await waitFor(async () => {
    const { accounts, sessions } = await daemon.status();
    return sessions === 0 && accounts.every(({ running, leased, waiting }) => running === 0 && leased === 0 && waiting === 0);
  }, 'sessions, slots and leases to be released');
  assert.equal(await daemon.metric('turngate_turns_running'), 0);
  assert.equal(await daemon.metric('turngate_turns_draining'), 0);
}

test('WhatNobodyHearsTheEndOfIsBilledAsItWas', async (t) => {
  const { sim, daemon } = await gateway(t);
  const id = await leave(t, daemon, 'a story');
  await draining(daemon, 1);
  assert.equal(await daemon.metric('turngate_sessions'), 0, 'the socket is gone');
  assert.equal((await daemon.status()).accounts[0].running, 1, 'it runs at the account');
  const [row, ...more] = await daemon.usage(1);
  assert.deepEqual([summary(row), tokens(row), more], [['completed', 'client_gone', false], [321, 123, 444], []]);
  assert.equal(row.upstream_response_id, id);
  assert.ok(row.cost_nano_usd > 0);
  assert.equal((await sim.stats()).responses.completed, 1);
  await assertReleased(daemon);
  await assertTheNextIsServed(t, daemon);
  assert.equal((await daemon.usage(2)).length, 2);
});

test('ItHasItsAccountsSlotUntilThen', async (t) => {
  const { sim, daemon } = await gateway(t, { aborted_turns: 'drain' }, { account: { concurrency: 1 } });
  await leave(t, daemon, 'a story');
  const next = await connect(t, daemon.wsUrl);
  next.create({ model: 'sim-1', input: 'me too' });
  await waitFor(async () => (await daemon.status()).accounts[0].waiting === 1, 'it to wait');
  assert.equal(sim.creates().length, 1);
  assert.equal((await next.toEnd()).terminal.type, 'response.completed');
  const rows = await daemon.usage(2);
  assert.deepEqual(rows.map(summary), [['completed', 'client_gone', false], ['completed', '', false]]);
});

test('ByDefaultItGivesItsSlotToTheNextAtOnce', async (t) => {
  const { sim, daemon } = await gateway(t, {}, { account: { concurrency: 1 } });
  await leave(t, daemon, 'for ever');
  await assertTheNextIsServed(t, daemon);
  await sim.statsOnce((stats) => stats.connections_open === 0);
  const rows = await daemon.usage(2);
  assert.deepEqual(rows.map(summary), [kEstimated, ['completed', '', false]]);
  await assertReleased(daemon);
});

test('ItsUsersSlotIsFreeForWhoeverComesBack', async (t) => {
  const users = { users: [{ name: 'u', concurrency: 1 }], keys: [{ name: 'dev', key: 'tg-test-0123456789abcdef', user: 'u' }] };
  const { daemon } = await gateway(t, { aborted_turns: 'drain' }, users);
  await leave(t, daemon, 'a story');
  await assertTheNextIsServed(t, daemon);
  await draining(daemon, 1);
  assert.equal((await daemon.usage(2)).length, 2);
});

test('ItsConnectionAndItsResponseAreThereForWhoeverComesBack', async (t) => {
  const { sim, daemon } = await gateway(t);
  const headers = { 'session-id': 'mine' };
  const id = await leave(t, daemon, 'a story', { headers });
  await daemon.usage(1);
  await waitFor(async () => (await daemon.status()).accounts[0].parked === 1, 'its connection to be parked');
  const back = await connect(t, daemon.wsUrl, { headers });
  const next = await back.turn({ model: 'sim-1', input: 'go on', store: false, previous_response_id: id });
  assert.equal(next.terminal.type, 'response.completed');
  assert.ok(next.usage.input_tokens > 400, 'it knows the story');
  assert.equal(sim.upgrades().length, 1);
});

test('HowTheResponseEndedIsNotHidden', async (t) => {
  const { daemon } = await gateway(t);
  await leave(t, daemon, 'a failure');
  const [row] = await daemon.usage(1);
  assert.deepEqual([summary(row), tokens(row)], [['failed', 'server_error', false], [7, 2, 9]]);
  await assertReleased(daemon);
});

test('AClientThatLeavesBeforeAnythingCameIsBilledForWhatComes', async (t) => {
  const { sim, daemon } = await gateway(t);
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'nothing at first' });
  await waitFor(() => sim.creates().length === 1, 'the create to arrive');
  client.drop();
  const [row] = await daemon.usage(1);
  assert.deepEqual([summary(row), tokens(row)], [['completed', 'client_gone', false], [11, 1, 12]]);
  await assertReleased(daemon);
});

test('AClientThatDoesNotReadIsNotWaitedFor', async (t) => {
  const { daemon } = await gateway(t, { aborted_turns: 'drain' }, { relay: { max_buffer: '256KiB', client_write_timeout: '500ms' } });
  const client = await connect(t, daemon.wsUrl);
  client.stopReading();
  client.create({ model: 'sim-1', input: 'everything at once' });
  const [row] = await daemon.usage(1);
  assert.deepEqual([summary(row), tokens(row)], [['completed', 'client_gone', false], [5, 6, 11]]);
  assert.ok((await daemon.metric('turngate_backpressure_pauses_total')) > 0);
  await assertReleased(daemon);
});

test('AResponseWithoutAnEndIsEstimatedAfterTheDeadline', async (t) => {
  const { sim, daemon } = await gateway(t, { aborted_turns: 'drain', drain_timeout: '700ms' });
  const gone = await leave(t, daemon, 'for ever');
  const [row, ...more] = await daemon.usage(1);
  assert.deepEqual([summary(row), row.upstream_response_id, more], [kEstimated, gone, []]);
  assert.ok(row.total_ms >= 700 && row.output_tokens > 0);
  await sim.statsOnce((stats) => stats.connections_open === 0);
  await assertReleased(daemon);
  await assertTheNextIsServed(t, daemon);
});

test('AResponseThatIsLostIsEstimated', async (t) => {
  const { sim, daemon } = await gateway(t);
  await leave(t, daemon, 'for ever');
  await draining(daemon, 1);
  await sim.reset('all');
  const [row, ...more] = await daemon.usage(1);
  assert.deepEqual([summary(row), more], [kEstimated, []]);
  await assertReleased(daemon);
  await assertTheNextIsServed(t, daemon);
});

test('WhatAClientEndsItselfIsNotReadOn', async (t) => {
  const { daemon } = await gateway(t, { aborted_turns: 'drain' }, { account: { lanes: false } });
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'for ever' });
  const { response } = await client.next('response.created');
  await client.next('response.output_text.delta');
  client.send({ type: 'response.cancel', response_id: response.id });
  await client.next('response.incomplete');
  const [row] = await daemon.usage(1);
  assert.deepEqual([row.status, row.estimated], ['cancelled', true]);
  await client.close();
  await assertReleased(daemon);
});

for (const [aborted_turns, expected] of [['drain', ['completed', 'client_gone', false]], ['estimate', kEstimated]]) {
  test(`AStoppingGatewayWaitsForWhatItReadsOn: ${aborted_turns}`, async (t) => {
    const { sim, daemon } = await gateway(t, { aborted_turns });
    await leave(t, daemon, 'a story');
    await waitFor(async () => (await daemon.metric('turngate_sessions')) === 0, 'the client to be gone');
    assert.equal(await daemon.stop(), 0);
    const again = await startDaemon(t, { upstream: sim, directory: daemon.home });
    assert.deepEqual((await again.usage(1)).map(summary), [expected]);
  });
}

test('AStoppingGatewaysDeadlineEndsWhatItReadsOn', async (t) => {
  const { sim, daemon } = await gateway(t, { aborted_turns: 'drain' }, { server: { drain_timeout: '300ms' } });
  await leave(t, daemon, 'for ever');
  await draining(daemon, 1);
  assert.equal(await daemon.stop(), 3);
  const again = await startDaemon(t, { upstream: sim, directory: daemon.home });
  assert.deepEqual((await again.usage(1)).map(summary), [kEstimated]);
});

for (const [aborted_turns, expected] of [['drain', ['completed', 'client_gone', false]], ['estimate', kEstimated]]) {
  test(`AHundredMayGoAtOnce: ${aborted_turns}`, async (t) => {
    const limits = { account: { concurrency: 200, max_connections: 200 }, limits: { sockets_per_key: 200 } };
    const { daemon } = await gateway(t, { aborted_turns }, limits);
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(t, daemon.wsUrl)));
    const input = aborted_turns === 'drain' ? 'a story' : 'for ever'; // whatever the machine does, they leave before its end
    for (const client of clients) client.create({ model: 'sim-1', input });
    await Promise.all(clients.map((client) => client.next('response.output_text.delta')));
    for (const client of clients) client.drop();
    const rows = await daemon.usage(100);
    assert.equal(rows.length, 100);
    assert.equal(new Set(rows.map((row) => row.upstream_response_id)).size, 100);
    for (const row of rows) assert.deepEqual(summary(row), expected);
    await assertReleased(daemon);
    await assertTheNextIsServed(t, daemon);
    assert.equal((await daemon.usage(101)).length, 101);
  });
}
