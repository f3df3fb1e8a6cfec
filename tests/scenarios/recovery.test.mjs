import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// behaviour.md section 5: what the client has not seen yet is mended; what it has seen is told, once.

const kReset = { kind: 'reset' };
const kServerError = { status: 500, code: 'server_error', message: 'Try again.' };

async function gateway(t, script, config = {}) {
  const sim = await startSim(t, { script });
  const daemon = await startDaemon(t, { upstream: sim, config });
  return { sim, daemon, client: await connect(t, daemon.wsUrl) };
}

// A turn as if nothing had happened: one response, one end, in order.
function assertUnharmed(turn) {
  assert.equal(turn.terminal.type, 'response.completed');
  assert.equal(turn.types.filter((type) => type === 'response.created').length, 1);
  assert.deepEqual(turn.events.map((event) => event.sequence_number), [...turn.events.keys()]);
}

const kMended = [
  ['reset before anything came back', { fault: { ...kReset, when: 'before' } }, 'upstream_lost'],
  ['reset after lifecycle', { fault: { ...kReset, when: 'created' } }, 'upstream_lost'],
  ['end of stream', { fault: { kind: 'eof', when: 'created' } }, 'upstream_lost'],
  ['close 1000', { fault: { kind: 'close', code: 1000, when: 'before' } }, 'upstream_lost'],
  ['close 1001', { fault: { kind: 'close', code: 1001, when: 'created' } }, 'upstream_lost'],
  ['close 1011', { fault: { kind: 'close', code: 1011, when: 'created' } }, 'upstream_lost'],
  ['close 1012', { fault: { kind: 'close', code: 1012, when: 'created' } }, 'upstream_restart'],
  ['close 1013', { fault: { kind: 'close', code: 1013, when: 'before' } }, 'upstream_restart'],
  ['an error event 500', { error: kServerError }, 'server_error'],
  ['an error event 503 after lifecycle', { error: { ...kServerError, status: 503, after: 'created' } }, 'server_error'],
  ['response.failed: server_error', { failed: { code: 'server_error', message: 'oops' }, answer: [] }, 'server_error'],
  ['the connection limit', { error: { status: 400, code: 'websocket_connection_limit_reached', message: '60 minutes' } }, 'connection_limit'],
];

test('MendsWhatTheClientHasNotSeen', async (t) => {
  for (const [what, fault, reason] of kMended) {
    await t.test(what, async (inner) => {
      const { sim, daemon, client } = await gateway(inner, [{ times: 1, do: fault }]);
      const first = await client.turn({ model: 'sim-1', input: 'hello' });
      assertUnharmed(first);
      const rows = await daemon.usage(1);
      assert.deepEqual(rows.map((row) => [row.status, row.attempts, row.retry_reason]), [['completed', 2, reason]]);
      const creates = sim.messages();
      assert.equal(creates.length, 2);
      assert.equal(creates[0].message, creates[1].message, 'the same create went up again');
      assertUnharmed(await client.turn({ model: 'sim-1', input: 'and on', previous_response_id: first.id }));
      assert.deepEqual(client.unread(), []);
    });
  }
});

test('MendsAStoredConversationOnANewConnection', async (t) => {
  const { sim, client } = await gateway(t, [{ match: { process_create: 2 }, do: { fault: { ...kReset, when: 'created' } } }]);
  const first = await client.turn({ model: 'sim-1', input: 'remember 42', store: true });
  const second = await client.turn({ model: 'sim-1', input: 'what was it?', store: true, previous_response_id: first.id });
  assertUnharmed(second);
  assert.ok(second.usage.input_tokens > first.usage.total_tokens, 'with its context');
  assert.equal(sim.upgrades().length, 2);
});

test('NeverRepeatsWhatTheClientHasSeen', async (t) => {
  const { sim, client } = await gateway(t, [{ times: 1, do: { fault: { ...kReset, when: 'content:1' } } }]);
  const lost = await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal(lost.error.code, 'upstream_disconnected');
  assert.equal(sim.creates().length, 1);
});

test('GivesUpAfterItsAttempts', async (t) => {
  const { sim, daemon, client } = await gateway(t, [{ times: 3, do: { fault: kReset } }], { recovery: { max_attempts: 3 } });
  const told = await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal(told.error.code, 'upstream_disconnected');
  assert.deepEqual(told.types, ['error']);
  assert.equal(sim.creates().length, 3);
  assertUnharmed(await client.turn({ model: 'sim-1', input: 'x' }));
  assert.equal((await daemon.usage(1)).length, 1);
});

test('LifecycleIsShownWhenNothingElseComes', async (t) => {
  const { client } = await gateway(t, [{ do: { answer: [{ text: 'late', delay_ms: 3000 }] } }], { relay: { hold_lifecycle: '100ms' } });
  client.create({ model: 'sim-1', input: 'think' });
  await client.next('response.created');
  assert.ok(client.frames.every(({ event }) => /created|in_progress/.test(event.type)), 'not only with the content');
  await client.next('response.completed');
});

const kMoves = [
  ['a dial refused with 401', { upgrade: { status: 401, body: {} } }],
  ['a dial refused with 429', { upgrade: { status: 429, headers: { 'retry-after': '60' }, body: {} } }],
  ['a dial refused with 503', { upgrade: { status: 503, body: {} } }],
  ['a dial reset', { upgrade: { reset: true } }],
  ['an error event 429', { error: { status: 429, code: 'rate_limit_exceeded', message: 'Slow down.', headers: { 'retry-after': '60' } } }],
  ['a used-up quota', { error: { status: 429, code: 'insufficient_quota', message: 'No money.' } }],
  ['a usage limit', { error: { status: 429, code: 'usage_limit_reached', message: 'Limit.' } }],
  ['a server error', { error: kServerError }],
];

test('GoesToAnotherAccountWhenOneCannot', async (t) => {
  for (const [what, fault] of kMoves) {
    await t.test(what, async (inner) => {
      const bad = await startSim(inner, { script: [{ do: fault }] });
      const good = await startSim(inner);
      const accounts = [accountOf(bad, { name: 'bad', priority: 1 }), accountOf(good, { name: 'good', priority: 2 })];
      const daemon = await startDaemon(inner, { config: { accounts } });
      const client = await connect(inner, daemon.wsUrl);
      assertUnharmed(await client.turn({ model: 'sim-1', input: 'hello' }));
      const [row] = await daemon.usage(1);
      assert.equal(row.account, 'good');
      assert.equal(row.attempts, 2);
      assert.equal(good.creates().length, 1);
    });
  }
});

test('ACoolingAccountIsLeftAloneUntilItsReset', async (t) => {
  const limited = { status: 429, code: 'rate_limit_exceeded', message: 'Slow down.', headers: { 'retry-after': '1' } };
  const { sim, client } = await gateway(t, [{ times: 1, do: { error: limited } }]);
  for (let i = 0; i < 3; ++i) {
    const told = await client.turn({ model: 'sim-1', input: 'x' });
    assert.equal(told.error.code, 'rate_limit_exceeded');
    assert.ok(Number(told.terminal.headers['retry-after']) >= 1);
  }
  assert.equal(sim.creates().length, 1, 'nothing went up meanwhile');
  const back = await waitFor(async () => {
    const turn = await client.turn({ model: 'sim-1', input: 'x' });
    return turn.terminal.type === 'response.completed' && turn;
  }, 'the account to be back');
  assertUnharmed(back);
});

test('RequestErrorsAreTheClientsAndStayOnTheirConnection', async (t) => {
  const error = { status: 400, code: 'invalid_prompt', message: 'No.' };
  const { sim, client } = await gateway(t, [{ times: 1, do: { error } }]);
  const refused = await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal(refused.error.code, 'invalid_prompt');
  assertUnharmed(await client.turn({ model: 'sim-1', input: 'x' }));
  assert.equal(sim.upgrades().length, 1);
  assert.equal(sim.creates().length, 2);
});

test('ATenthOfTheConnectionsMayBreakBeforeContentAndNobodySeesIt', async (t) => {
  const sim = await startSim(t, { script: [{ probability: 0.1, do: { fault: { kind: 'reset', when: 'created' } } }] });
  const daemon = await startDaemon(t, { upstream: sim, config: { recovery: { max_attempts: 8 } } });
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(t, daemon.wsUrl)));
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < 25; ++i) assertUnharmed(await client.turn({ model: 'sim-1', input: `turn ${i}` }));
    }),
  );
  const rows = await daemon.usage(200);
  assert.equal(rows.length, 200);
  assert.ok(rows.some((row) => row.attempts > 1));
});

test('AnErrorWithoutAStatusGetsOne', async (t) => {
  for (const [error, status] of [
    [{ code: 'invalid_prompt', message: 'No.' }, 400],
    [{ code: 'invalid_prompt', message: 'No.', flat: true }, 400],
  ]) {
    const { client } = await gateway(t, [{ do: { error } }]);
    const told = await client.turn({ model: 'sim-1', input: 'x' });
    assert.equal(told.terminal.status, status);
    assert.deepEqual([told.error.code, told.error.message], [error.code, error.message]);
  }
});

test('AFailureWithUsageThatIsMendedIsBilledBesidesItsSuccessor', async (t) => {
  const usage = { input_tokens: 100, output_tokens: 0, total_tokens: 100 };
  const failed = { code: 'server_error', message: 'oops', usage };
  const { daemon, client } = await gateway(t, [{ times: 1, do: { failed, answer: [] } }]);
  assertUnharmed(await client.turn({ model: 'sim-1', input: 'x' }));
  const rows = await daemon.usage(2);
  assert.deepEqual(rows.map((row) => [row.status, row.attempts]), [['failed', 1], ['completed', 2]]);
  assert.notEqual(rows[0].upstream_response_id, rows[1].upstream_response_id);
});

test('ALimitThatNobodyCanMendSaysWhenToComeBack', async (t) => {
  const limited = { status: 429, code: 'rate_limit_exceeded', message: 'Slow down.', headers: { 'retry-after': '33' } };
  const { daemon, client } = await gateway(t, [{ do: { error: { ...limited, after: 'created' } } }]);
  const told = await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal(told.error.code, 'rate_limit_exceeded');
  assert.equal(told.terminal.headers['retry-after'], '33');
  assert.ok((await daemon.usage(0)).every((row) => row.cost_nano_usd === 0));
});
