import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// What a client sees, what is billed and what is released when a side goes away in the middle; and that the next turn works.

const kSlow = { deltas: 200, deltaIntervalUs: 10_000 };

async function gateway(t, simOptions = {}, config = {}) {
  const sim = await startSim(t, simOptions);
  const daemon = await startDaemon(t, { upstream: sim, config });
  return { sim, daemon };
}

// No turn, no slot and no upstream connection is left behind.
async function assertReleased(daemon, { connections = 0 } = {}) {
  await waitFor(async () => {
    const { accounts } = await daemon.status();
    return accounts[0].running === 0 && accounts[0].leased === 0 && accounts[0].connections === connections;
  }, 'slots and connections to be released');
  await waitFor(async () => (await daemon.metric('turngate_turns_running')) === 0, 'no turn to be counted');
}

test('AClientThatGoesMidStreamCancelsUpstreamAndIsBilled', async (t) => {
  const { sim, daemon } = await gateway(t, kSlow);
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'tell me a long story' });
  for (let i = 0; i < 5; ++i) await client.next('response.output_text.delta');
  client.drop();
  await sim.statsOnce((stats) => stats.connections_open === 0);
  const [row] = await daemon.usage(1);
  assert.equal(row.status, 'aborted');
  assert.equal(row.reason, 'client_gone');
  assert.equal(row.estimated, true);
  assert.ok(row.input_tokens > 0 && row.output_tokens >= 12 && row.output_tokens < 200 * 3);
  assert.ok(row.cost_nano_usd > 0);
  assert.match(row.upstream_response_id, /^resp_/);
  await assertReleased(daemon);
  const next = await connect(t, daemon.wsUrl);
  next.create({ model: 'sim-1', input: 'again' });
  await next.next('response.output_text.delta');
});

test('AbortedTurnsAreFreeIfSoConfigured', async (t) => {
  const { daemon } = await gateway(t, kSlow, { usage: { aborted_turns: 'free' } });
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'x' });
  await client.next('response.output_text.delta');
  client.drop();
  const [row] = await daemon.usage(1);
  assert.equal(row.cost_nano_usd, 0);
  assert.equal(row.status, 'aborted');
});

test('AClientThatGoesBeforeAnythingCameBackReleasesAll', async (t) => {
  const { sim, daemon } = await gateway(t, { script: [{ do: { delay_ms: 5000 } }] });
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'x' });
  await waitFor(() => sim.creates().length === 1, 'the create to arrive');
  client.drop();
  await sim.statsOnce((stats) => stats.connections_open === 0);
  await assertReleased(daemon);
});

test('AClientThatGoesWhileItsUpstreamIsDialedReleasesAll', async (t) => {
  const { sim, daemon } = await gateway(t, { script: [{ times: 1, do: { upgrade: { hang: true } } }] });
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'x' });
  await waitFor(() => sim.upgrades().length === 1, 'the dial to arrive');
  client.drop();
  await assertReleased(daemon);
  assert.equal((await daemon.status()).sessions, 0);
});

const kLosses = [
  // the fault, the client is told
  [{ kind: 'reset' }, 'upstream_disconnected', 502],
  [{ kind: 'eof' }, 'upstream_disconnected', 502],
  [{ kind: 'close', code: 1000 }, 'upstream_disconnected', 502],
  [{ kind: 'close', code: 1001 }, 'upstream_disconnected', 502],
  [{ kind: 'close', code: 1011 }, 'upstream_disconnected', 502],
  [{ kind: 'close', code: 1012 }, 'upstream_restart', 503],
  [{ kind: 'close', code: 1013 }, 'upstream_restart', 503],
];

test('AnUpstreamLostInMidContentIsToldOnceAndTheSocketStays', async (t) => {
  const { sim, daemon } = await gateway(t);
  for (const [fault, code, status] of kLosses) {
    await t.test(`${fault.kind} ${fault.code ?? ''}`, async (inner) => {
      await sim.script([{ times: 1, do: { fault: { ...fault, when: 'content:3' } } }]);
      const client = await connect(inner, daemon.wsUrl);
      const lost = await client.turn({ model: 'sim-1', input: 'x' });
      assert.equal(lost.events.filter((event) => event.type === 'response.output_text.delta').length, 3);
      assert.equal(lost.error.code, code);
      assert.equal(lost.terminal.status, status);
      const next = await client.turn({ model: 'sim-1', input: 'and now?' });
      assert.equal(next.terminal.type, 'response.completed');
      assert.deepEqual(client.unread(), []);
      await client.close();
    });
  }
  const rows = await daemon.usage(2 * kLosses.length);
  assert.equal(rows.length, 2 * kLosses.length);
  assert.equal(rows.filter((row) => row.status === 'aborted' && row.estimated).length, kLosses.length);
  await assertReleased(daemon);
});

test('AnUpstreamThatDiesBetweenTurnsIsReplaced', async (t) => {
  const { sim, daemon } = await gateway(t, {}, { continuity: { chain_max_per_session: 0 } }); // nothing to rebuild from
  const client = await connect(t, daemon.wsUrl);
  const stored = await client.turn({ model: 'sim-1', input: 'remember 42', store: true });
  await sim.reset('all');
  await daemon.loggedOnce('upstream connection ended');
  const next = await client.turn({ model: 'sim-1', input: 'what was it?', previous_response_id: stored.id });
  assert.equal(next.terminal.type, 'response.completed');
  assert.ok(next.usage.input_tokens > stored.usage.total_tokens, 'the context is there');

  const unstored = await client.turn({ model: 'sim-1', input: 'a secret', store: false, previous_response_id: next.id });
  await sim.reset('all');
  await waitFor(() => daemon.logged('upstream connection ended').length === 2, 'the second loss');
  const orphan = await client.turn({ model: 'sim-1', input: 'and?', store: false, previous_response_id: unstored.id });
  assert.equal(orphan.error.code, 'previous_response_not_found');
  assert.equal(orphan.terminal.status, 400);
  const fresh = await client.turn({ model: 'sim-1', input: 'all of it again', store: false });
  assert.equal(fresh.terminal.type, 'response.completed');
});

test('AnUpstreamThatSaysNoMoreIsGivenUp', async (t) => {
  const { sim, daemon } = await gateway(t, { script: [{ times: 1, do: { fault: { kind: 'hang', when: 'content:2' } } }] }, { relay: { event_timeout: '400ms' } });
  const client = await connect(t, daemon.wsUrl);
  const silent = await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal(silent.error.code, 'upstream_timeout');
  assert.equal(silent.terminal.status, 504);
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
  assert.equal(sim.upgrades().length, 2, 'the silent connection is not used again');
  const rows = await daemon.usage(2);
  assert.deepEqual(rows.map((row) => row.status), ['aborted', 'completed']);
});

test('AHalfOpenUpstreamIsNoticedByItsPings', async (t) => {
  const config = { pool: { ping_interval: '200ms' }, relay: { silence_timeout: '400ms' } };
  const { daemon } = await gateway(t, { script: [{ times: 1, do: { fault: { kind: 'half_open', when: 'content:2' } } }] }, config);
  const client = await connect(t, daemon.wsUrl);
  const silent = await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal(silent.error.code, 'upstream_timeout');
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
});

test('ASlowAnswerOnALivingConnectionIsNoDeadConnection', async (t) => {
  const config = { pool: { ping_interval: '100ms', pong_timeout: '200ms' }, relay: { silence_timeout: '200ms' } };
  const { daemon } = await gateway(t, { script: [{ do: { delay_ms: 1500 } }] }, config);
  const client = await connect(t, daemon.wsUrl);
  assert.equal((await client.turn({ model: 'sim-1', input: 'think hard' })).terminal.type, 'response.completed');
});

const kRefusals = [
  // the upgrade's answer, the client is told; whether the account is tried again by the next turn
  [{ status: 401, body: { error: { message: 'bad key' } } }, 'no_account_available', 503, false],
  [{ status: 429, headers: { 'retry-after': '7' }, body: {} }, 'rate_limit_exceeded', 429, false],
  [{ status: 503, body: {} }, 'upstream_disconnected', 502, true],
  [{ reset: true }, 'upstream_disconnected', 502, true],
];

test('AnAccountThatCannotBeReachedIsTold', async (t) => {
  for (const [upgrade, code, status, comesBack] of kRefusals) {
    await t.test(`${upgrade.status ?? 'reset'}`, async (inner) => {
      const { sim, daemon } = await gateway(inner, { script: [{ do: { upgrade } }] }, { recovery: { budget: '300ms' } });
      const client = await connect(inner, daemon.wsUrl);
      const told = await client.turn({ model: 'sim-1', input: 'x' });
      assert.equal(told.error.code, code);
      assert.equal(told.terminal.status, status);
      assert.equal(told.terminal.headers?.['retry-after'], status === 429 ? '7' : undefined);
      await sim.script([]);
      const next = await client.turn({ model: 'sim-1', input: 'x' });
      assert.equal(next.terminal.type === 'response.completed', comesBack);
      if (comesBack) assert.equal((await daemon.usage(1)).length, 1, 'only what ran is billed');
    });
  }
});

test('UpstreamErrorsAreRelayedAndTheConnectionStays', async (t) => {
  const error = { status: 400, code: 'invalid_prompt', message: 'No.', param: 'input' };
  const { sim, daemon } = await gateway(t, { script: [{ times: 1, do: { error } }] });
  const client = await connect(t, daemon.wsUrl);
  const refused = await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal(refused.error.code, 'invalid_prompt');
  assert.equal(refused.terminal.status, 400);
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
  assert.equal(sim.upgrades().length, 1);
  assert.equal((await daemon.usage(1)).length, 1);
});

test('UsageIsReadOnEveryTerminalEvent', async (t) => {
  const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
  const script = [
    { times: 1, do: { incomplete: 'max_output_tokens' } },
    { times: 1, do: { failed: { code: 'server_error', message: 'oops', usage } } },
    { times: 1, do: { usage: null } },
  ];
  const { daemon } = await gateway(t, { script });
  const client = await connect(t, daemon.wsUrl);
  const types = [];
  for (let i = 0; i < 3; ++i) types.push((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type);
  assert.deepEqual(types, ['response.incomplete', 'response.failed', 'response.completed']);
  const rows = await daemon.usage(3);
  assert.deepEqual(rows.map((row) => row.status), ['incomplete', 'failed', 'completed']);
  assert.deepEqual(rows.map((row) => row.estimated), [false, false, true]);
  assert.equal(rows[0].reason, 'max_output_tokens');
  assert.equal(rows[1].input_tokens, 100);
  assert.ok(rows[2].output_tokens > 0);
});

test('AnUpstreamLostBeforeAnythingCameBackIsNotBilled', async (t) => {
  const script = [
    { times: 1, do: { fault: { kind: 'reset', when: 'before' } } },
    { times: 1, do: { fault: { kind: 'reset', when: 'created' } } },
  ];
  const { daemon } = await gateway(t, { script }, { recovery: { max_attempts: 1 } });
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 2; ++i) assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).error.code, 'upstream_disconnected');
  await client.turn({ model: 'sim-1', input: 'x' });
  const rows = await daemon.usage(2);
  assert.deepEqual(rows.map((row) => [row.status, row.cost_nano_usd > 0]), [['aborted', false], ['completed', true]]);
});

test('WhatNoClientUnderstandsIsNotPassedOn', async (t) => {
  const script = [{ times: 1, do: { fault: { kind: 'binary', when: 'content:2' } } }];
  const { daemon } = await gateway(t, { script });
  const client = await connect(t, daemon.wsUrl);
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).error.code, 'upstream_disconnected');
  assert.ok(client.frames.every((frame) => !frame.isBinary));
  assert.equal((await client.turn({ model: 'sim-1', input: 'and on' })).terminal.type, 'response.completed');
});
