import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { accountOf, startDaemon } from './lib/daemon.mjs';
import { connectAs } from './lib/named.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// A turn ends once, at the event that ends it, in whatever form an upstream says it (behaviour.md section 5). What comes after
// that belongs to nobody: the turn that is sent next, at once, has its own events and its own end.

const kModel = { model: 'sim-1', store: false };
const kLate = 15; // ms after the end, in the middle of the next turn
const error = (status, code, more = {}) => ({ error: { status, code, message: 'No.', ...more } });
const failed = (id) => ({
  type: 'response.failed',
  response: { id, object: 'response', status: 'failed', output: [], error: { code: 'invalid_prompt', message: 'No.' } },
});
const completed = (id) => ({ type: 'response.completed', response: { id, object: 'response', status: 'completed', output: [] } });
const afterEnd = (event, delay_ms = kLate) => ({ events: [{ when: 'after', delay_ms, event }] });

// What the first create meets, and how its turn must end: `status` of an error, or the terminal event's type.
const kEnds = {
  'an error, and response.failed of the same response': {
    act: { ...error(400, 'invalid_prompt', { after: 'created' }), ...afterEnd(failed('$response')) },
    code: 'invalid_prompt',
    status: 400,
  },
  'an error after content, and response.failed': {
    act: { ...error(500, 'server_error', { after: 'content:1' }), ...afterEnd(failed('$response')) },
    code: 'server_error',
    status: 500,
  },
  'response.completed, and at once another': { act: { fault: { kind: 'duplicate_terminal' } } },
  'response.completed, and a little later another': { act: { fault: { kind: 'duplicate_terminal', delay_ms: kLate } } },
  // At once: later, nothing tells them from events of the next turn, once that has begun.
  'response.completed, and a delta': { act: { fault: { kind: 'late_events' } } },
  'response.completed, and an error': { act: afterEnd({ type: 'error', status: 500, error: { type: 'server_error', message: 'Late.' } }, 0) },
  'response.failed twice': {
    act: { failed: { code: 'invalid_prompt', message: 'No.' }, ...afterEnd(failed('$response')) },
    type: 'response.failed',
    code: 'invalid_prompt',
  },
  'the end of another response first': { act: { events: [{ when: 'content:1', event: completed('resp_of_nobody') }] } },
  'response.done': { act: { terminal: 'response.done' }, type: 'response.done' },
  'an object without a type that has an error': {
    act: { error: { type: 'api_error', message: 'The model is gone.', typeless: true, after: 'content:1' } },
    type: 'error',
  },
  'an error whose status is null': {
    act: { error: { verbatim: { type: 'error', status: null, error: { type: 'invalid_request_error', code: 'invalid_prompt', message: 'No.' } } } },
    code: 'invalid_prompt',
    status: 400,
  },
  'an error whose status is a text': {
    act: { error: { verbatim: { type: 'error', status: '403', error: { type: 'invalid_request_error', code: 'forbidden', message: 'No.' } } } },
    code: 'forbidden',
    status: 403,
  },
  'an error whose status stands within': {
    act: { error: { verbatim: { type: 'error', error: { status: 422, type: 'invalid_request_error', code: 'unprocessable', message: 'No.' } } } },
    code: 'unprocessable',
    status: 422,
  },
};

const scope = { after };
const nameOf = (i) => `end ${i}`;
const script = Object.values(kEnds).map(({ act }, i) => ({ match: { input_contains: `first of ${nameOf(i)}.` }, do: act }));
const sim = await startSim(scope, { script, deltas: 6, deltaIntervalUs: 8_000 });
const daemon = await startDaemon(scope, { upstream: sim });

function assertWhole(turn, text) {
  assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
  assert.equal(turn.types.filter((type) => type === 'response.created').length, 1);
  assert.deepEqual(turn.events.map((event) => event.sequence_number), [...turn.events.keys()]);
  assert.equal(new Set(turn.events.map(({ response }) => response?.id).filter(Boolean)).size, 1);
  assert.ok(turn.text.startsWith(`You said: ${text}`), turn.text);
}

describe('A turn ends once', { concurrency: 4 }, () => {
  Object.entries(kEnds).forEach(([what, { type, code, status }], i) => {
    for (const lane of [undefined, 'side'])
      test(`With ${what}${lane ? ', on a lane' : ''}`, async (t) => {
        const name = `${nameOf(i)} ${lane ?? ''}`;
        const client = await connectAs(t, daemon, name);
        const create = { ...kModel, ...(lane && { stream_id: lane }) };
        const first = await client.turn({ ...create, input: `first of ${nameOf(i)}.` });
        const texts = ['and at once', 'and again', 'and on'];
        const turns = [];
        for (const text of texts) turns.push(await client.turn({ ...create, input: `${text} ${name}` }));

        assert.equal(first.terminal.type, type ?? (status ? 'error' : 'response.completed'), JSON.stringify(first.terminal));
        if (code) assert.equal(first.error.code, code);
        if (first.terminal.type === 'error') assert.equal(typeof first.terminal.status, 'number', JSON.stringify(first.terminal));
        if (status) assert.equal(first.terminal.status, status);
        turns.forEach((turn, at) => assertWhole(turn, texts[at]));
        assert.deepEqual(client.unread(), [], 'nothing came besides');
        const ids = turns.map(({ id }) => id);
        const rows = await waitFor(async () => {
          const all = await daemon.usage(0);
          return ids.every((id) => all.some((row) => row.upstream_response_id === id)) && all;
        }, 'the bills of all turns');
        for (const { id, usage } of turns) {
          const [row, ...more] = rows.filter((each) => each.upstream_response_id === id);
          assert.deepEqual(more, []);
          assert.deepEqual([row.status, row.input_tokens, row.output_tokens], ['completed', usage.input_tokens, usage.output_tokens]);
        }
      });
  });
});

const gateway = async (t, { script = [], config = {}, ...options } = {}) => {
  const upstream = await startSim(t, { script, ...options });
  const own = await startDaemon(t, { upstream, config });
  return { upstream, own, client: await connectAs(t, own, 'mine') };
};

test('ResponseDoneIsBilledAndCanBeContinued', async (t) => {
  const { upstream, own, client } = await gateway(t, { script: [{ times: 1, do: { terminal: 'response.done' } }] });
  const first = await client.turn({ ...kModel, input: 'one' });
  const next = await client.turn({ ...kModel, input: 'two', previous_response_id: first.id });
  assertWhole(next, 'two');
  assert.equal(upstream.upgrades().length, 1);
  const rows = await own.usage(2);
  assert.deepEqual(rows.map((row) => [row.status, row.input_tokens, row.estimated]), [first, next].map(({ usage }) => ['completed', usage.input_tokens, false]));
});

// Anything that is no content forbids no second attempt.
for (const event of [
  { type: 'keepalive', sequence_number: 0 },
  { type: 'codex.rate_limits', rate_limits: { allowed: true } },
  { type: 'response.unheard_of', novelty: 1 },
])
  test(`ALossAfterNothingBut ${event.type} IsMended`, async (t) => {
    const act = { fault: { kind: 'reset', when: 'created' }, events: [{ when: 'before', event }, { when: 'created', event }] };
    const { upstream, client } = await gateway(t, { script: [{ times: 1, do: act }] });
    const turn = await client.turn({ ...kModel, input: 'mend me' });
    assertWhole(turn, 'mend me');
    assert.equal(upstream.creates().length, 2);
    assertWhole(await client.turn({ ...kModel, input: 'and on', previous_response_id: turn.id }), 'and on');
    assert.deepEqual(client.unread(), []);
  });

test('ABinaryMessageEndsTheConnectionAtOnce', async (t) => {
  const act = { fault: { kind: 'binary', when: 'created' }, answer: [{ text: 'never', delay_ms: 600_000 }] };
  const { upstream, client } = await gateway(t, { script: [{ times: 1, do: act }] });
  assertWhole(await client.turn({ ...kModel, input: 'mend me' }), 'mend me');
  assert.equal(upstream.upgrades().length, 2);
  assertWhole(await client.turn({ ...kModel, input: 'and on' }), 'and on');
});

describe('A create that is too large for the upstream', () => {
  const kTooLarge = [{ match: { larger_than: 100_000 }, do: { fault: { kind: 'close', code: 1009 } } }];

  test('IsToldOnceAndIsNobodysFault', async (t) => {
    const { upstream, own, client } = await gateway(t, { script: kTooLarge });
    for (let i = 0; i < 6; ++i) {
      const told = await client.turn({ ...kModel, input: 'x'.repeat(200_000) });
      assert.deepEqual([told.error?.code, told.terminal.status], ['request_too_large', 400]);
      assert.equal(upstream.creates().length, i + 1, 'sent once');
    }
    const [account] = (await own.status()).accounts;
    assert.equal(account.faults, 0);
    assertWhole(await client.turn({ ...kModel, input: 'a small one' }), 'a small one');
  });

  test('AsItIsRebuiltMeansThatTheConversationIsLost', async (t) => {
    const { upstream, client } = await gateway(t, { script: kTooLarge });
    const first = await client.turn({ ...kModel, input: 'x'.repeat(60_000) });
    const second = await client.turn({ ...kModel, input: 'y'.repeat(60_000), previous_response_id: first.id });
    await upstream.reset();
    await upstream.statsOnce((stats) => stats.connections_open === 0);
    const lost = await client.turn({ ...kModel, input: 'on', previous_response_id: second.id });
    assert.equal(lost.error?.code, 'previous_response_not_found', JSON.stringify(lost.terminal));
    assertWhole(await client.turn({ ...kModel, input: 'anew' }), 'anew');
  });
});

test('OneRequestThatIsTooLargeForALimitCoolsNobody', async (t) => {
  const message = 'Request too large for sim-1 in organization org on tokens per min (TPM): Limit 30000, Requested 50000.';
  const act = error(429, 'rate_limit_exceeded', { message, type: 'tokens' });
  const sims = [];
  for (let i = 0; i < 3; ++i) sims.push(await startSim(t, { script: [{ match: { input_contains: 'huge' }, do: act }] }));
  const accounts = sims.map((each, i) => accountOf(each, { name: `a${i}`, priority: i + 1 }));
  const own = await startDaemon(t, { config: { accounts } });
  const client = await connectAs(t, own, 'mine');
  const told = await client.turn({ ...kModel, input: 'huge' });
  assert.equal(told.terminal.status, 429);
  assert.equal(told.error.message, message);
  assert.deepEqual(sims.map((each) => each.creates().length), [1, 0, 0]);
  assertWhole(await client.turn({ ...kModel, input: 'small' }), 'small');
  assert.deepEqual(sims.map((each) => each.creates().length), [2, 0, 0]);
});

test('WhereAllResponsesOfAConnectionHaveOneIdEachTurnHasItsOwnEnd', async (t) => {
  const upstream = await startSim(t, { dialect: 'xai', script: [{ match: { input_contains: 'bad' }, do: error(400, 'invalid_prompt') }] });
  const own = await startDaemon(t, { config: { accounts: [accountOf(upstream, { kind: 'xai' })] } });
  const client = await connectAs(t, own, 'mine');
  const first = await client.turn({ ...kModel, input: 'one' });
  const second = await client.turn({ ...kModel, input: 'two', previous_response_id: first.id });
  assertWhole(second, 'two');
  const told = await client.turn({ ...kModel, input: 'bad' });
  assert.equal(told.terminal.type, 'error');
  assert.equal(typeof told.terminal.status, 'number');
  assertWhole(await client.turn({ ...kModel, input: 'three' }), 'three');
  assert.equal((await own.usage(3)).length, 3);
});

// Lanes share a connection: what is said to one of them may be unanswered when the default lane's turn fails.
test('AnErrorOfTheDefaultLaneGoesThereWhileAnotherLaneAwaitsAnAnswer', async (t) => {
  const deaf = { fault: { kind: 'slow_read', bytes_per_second: 0, when: 'created' }, interval_us: 300_000, ...error(400, 'invalid_prompt', { after: 'content:2' }) };
  const script = [
    { match: { lane: '', input_contains: 'fails' }, do: deaf },
    { match: { lane: 'side', input_contains: 'at length' }, do: { deltas: 400, interval_us: 20_000 } },
  ];
  const { upstream, client } = await gateway(t, { script });
  client.create({ ...kModel, stream_id: 'side', input: 'at length' });
  const { response } = await client.next('response.created');
  client.create({ ...kModel, input: 'fails' });
  await client.nextFrame(({ event }) => event.type === 'response.created' && !event.stream_id);
  client.send({ type: 'response.interrupt', response_id: response.id, mode: 'discard_partial_items' });
  const told = await client.toEnd();
  assert.deepEqual([told.error?.code, told.terminal.status, told.terminal.stream_id], ['invalid_prompt', 400, undefined]);
  await upstream.reset();
  const side = await client.toEnd('side');
  assert.ok(['error', 'response.incomplete'].includes(side.terminal.type), JSON.stringify(side.terminal));
  assertWhole(await client.turn({ ...kModel, input: 'and on' }), 'and on');
});

test('AnInterruptStopsATurnThatIsBeingTriedAgain', async (t) => {
  const script = [
    { times: 1, do: { upgrade: { status: 101 } } },
    { times: 1, do: { upgrade: { hang: true } } },
    { times: 1, do: { fault: { kind: 'reset', when: 'created', delay_ms: 300 } } },
  ];
  const { upstream, client } = await gateway(t, { script, config: { relay: { hold_lifecycle: '50ms' } } });
  client.create({ ...kModel, input: 'stop me' });
  const { response } = await client.next('response.created');
  await client.next('response.in_progress');
  await upstream.statsOnce((stats) => stats.upgrades === 2, 'the second attempt to dial');
  client.send({ type: 'response.interrupt', response_id: response.id, mode: 'discard_partial_items' });
  const turn = await client.toEnd();
  assert.equal(turn.terminal.type, 'response.incomplete', JSON.stringify(turn.terminal));
  assert.equal(turn.response.incomplete_details.reason, 'interrupted');
  assertWhole(await client.turn({ ...kModel, input: 'and on' }), 'and on');
  assert.deepEqual(client.unread().filter(({ type }) => type === 'error'), []);
});

test('AnInterruptThatIsLateIsNoErrorHoweverItsResponseEnded', async (t) => {
  const script = [{ match: { input_contains: 'break' }, do: { fault: { kind: 'reset', when: 'content:1' } } }];
  const { client } = await gateway(t, { script });
  for (const input of ['break', 'end well']) {
    const turn = await client.turn({ ...kModel, input });
    assert.equal(turn.terminal.type, input === 'break' ? 'error' : 'response.completed');
    client.send({ type: 'response.interrupt', response_id: turn.id, mode: 'discard_partial_items' });
    assertWhole(await client.turn({ ...kModel, input: 'and on' }), 'and on');
    assert.deepEqual(client.unread(), []);
  }
});
