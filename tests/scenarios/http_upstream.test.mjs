import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { post, stream } from './lib/http.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// Accounts that are asked over HTTP (http.md section 6), by clients of both kinds.

const kBase = { model: 'sim-1', input: 'hello' };

async function gateway(t, { script, account = {}, ...options } = {}) {
  const sim = await startSim(t, { script, deltas: 4, websocket: 'off', ...options });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, { transport: 'http', ...account })] } });
  return { sim, daemon };
}

const creates = (sim) => sim.creates().map(({ event }) => event);
const textIn = (value) => JSON.stringify(value);

describe('An account over HTTP', { concurrency: 2 }, () => {
  test('AnswersClientsOfBothKindsWithOneBillEach', async (t) => {
    const { sim, daemon } = await gateway(t);
    const streamed = await stream(daemon, kBase);
    assert.equal(streamed.terminal.type, 'response.completed');
    const whole = await post(daemon, kBase);
    assert.equal(whole.status, 200);
    const client = await connect(t, daemon.wsUrl);
    const turn = await client.turn({ ...kBase });
    assert.equal(turn.terminal.type, 'response.completed');
    for (const body of creates(sim)) {
      assert.equal(body.stream, true);
      for (const name of ['type', 'stream_id', 'generate', 'background']) assert.equal(name in body, false, name);
    }
    const rows = await daemon.usage(3);
    assert.deepEqual(rows.map((row) => row.status), ['completed', 'completed', 'completed']);
    assert.deepEqual(rows.map((row) => row.request_type).sort(), ['stream', 'sync', 'ws_v2']);
    assert.deepEqual(rows.map((row) => row.upstream_transport), ['http', 'http', 'http']);
  });

  test('GetsTheWholeContextWhereItKeepsNothing', async (t) => {
    const { sim, daemon } = await gateway(t, { stores: 'off', account: { stores: false } });
    const headers = { 'session-id': 'a conversation' };
    const client = await connect(t, daemon.wsUrl, { headers });
    const first = await client.turn({ ...kBase, input: 'one', store: true });
    const second = await client.turn({ ...kBase, input: 'two', previous_response_id: first.terminal.response.id });
    assert.equal(second.terminal.type, 'response.completed');
    const third = await stream(daemon, { ...kBase, input: 'three', previous_response_id: second.terminal.response.id }, { headers });
    assert.equal(third.terminal.type, 'response.completed');
    const [one, two, three] = creates(sim);
    assert.equal(one.store, false);
    assert.equal('previous_response_id' in two, false);
    assert.deepEqual(three.input.map((item) => item.role), ['user', 'assistant', 'user', 'assistant', 'user']);
    for (const item of three.input.filter((each) => each.role === 'assistant')) {
      assert.ok(item.id, textIn(item));
      assert.equal(item.status, 'completed');
    }
  });

  test('IsNotAskedForAWarmUpWhichIsAParentAllTheSame', async (t) => {
    const { sim, daemon } = await gateway(t);
    const client = await connect(t, daemon.wsUrl);
    const warm = await client.turn({ ...kBase, input: [{ role: 'user', content: 'before' }], generate: false });
    assert.equal(warm.terminal.type, 'response.completed');
    assert.deepEqual(warm.terminal.response.output, []);
    const next = await client.turn({ ...kBase, input: 'after', previous_response_id: warm.terminal.response.id });
    assert.equal(next.terminal.type, 'response.completed');
    assert.equal(creates(sim).length, 1);
    assert.match(textIn(creates(sim)[0].input), /before.*after/);
    const rows = await daemon.usage(2);
    const row = rows.find((each) => each.upstream_response_id === warm.terminal.response.id);
    assert.equal(row.reason, 'local_warm_up');
    assert.deepEqual([row.total_tokens, row.upstream_transport], [0, 'http']);
  });

  test('ThatSpeaksNoWebSocketIsFoundOutWithoutAFault', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { transport: 'auto', kind: 'custom' } });
    const client = await connect(t, daemon.wsUrl);
    for (let i = 0; i < 3; ++i) assert.equal((await client.turn({ ...kBase })).terminal.type, 'response.completed');
    assert.equal(creates(sim).length, 3);
    const upgrades = sim.transcript().filter((line) => line.upgrade);
    assert.equal(upgrades.length, 1);
  });

  // The rows of http.md section 6.6 are cells of the fault matrix; here is what a body does to them.
  const kElsewhere = [
    { what: 'a bot check', request: { status: 403, body: '<html>', body_bytes: 300_000 }, tries: 2 },
    { what: 'an endless page', request: { status: 403, body: '<html>', endless: true }, tries: 2 },
  ];
  // A page is a fault like others: it is asked again with the next turn.
  for (const { what, request, tries } of kElsewhere)
    test(`Says${what.replace(/(^|\s)(\w)/g, (_, __, letter) => letter.toUpperCase())}SoAnotherAccountAnswers`, async (t) => {
      const bad = await startSim(t, { websocket: 'off', script: [{ do: { request } }] });
      const good = await startSim(t, { websocket: 'off' });
      const accounts = [
        accountOf(bad, { name: 'bad', transport: 'http', priority: 1 }),
        accountOf(good, { name: 'good', transport: 'http', priority: 2 }),
      ];
      const daemon = await startDaemon(t, { config: { accounts } });
      for (let i = 0; i < 2; ++i) assert.equal((await stream(daemon, kBase)).terminal?.type, 'response.completed');
      assert.equal(creates(good).length, 2);
      assert.equal(creates(bad).length, tries);
    });

  test('IsNotToldToUseAToolThatItDoesNotGet', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { drop: { tools: ['web_search'] } } });
    const tools = [{ type: 'web_search' }, { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }];
    const choices = [{ type: 'web_search' }, { type: 'function', name: 'f' }, 'required'];
    const client = await connect(t, daemon.wsUrl);
    for (const tool_choice of choices) {
      assert.equal((await stream(daemon, { ...kBase, tools, tool_choice })).terminal?.type, 'response.completed');
      assert.equal((await client.turn({ ...kBase, tools, tool_choice })).terminal.type, 'response.completed');
    }
    assert.ok(creates(sim).every((body) => body.tools.length === 1));
    const sent = [undefined, { type: 'function', name: 'f' }, 'required'].flatMap((choice) => [choice, choice]);
    assert.deepEqual(creates(sim).map(({ tool_choice }) => tool_choice), sent);
  });

  // http.md section 6.6: a limit's own words on when it is over.
  test('IsLeftAloneUntilItsLimitAMinuteIsOver', async (t) => {
    const headers = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '2m3s' };
    const request = { status: 429, headers, body: { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } } };
    const { sim, daemon } = await gateway(t, { script: [{ do: { request } }] });
    const told = await post(daemon, kBase);
    assert.equal(told.status, 429);
    const seconds = Number(told.headers.get('retry-after'));
    assert.ok(seconds > 100 && seconds <= 123, `${seconds} s`);
    assert.equal((await post(daemon, kBase)).status, 429);
    assert.equal(sim.transcript().filter((line) => line.request).length, 1);
  });

  test('IsReusedAndAClosedOneIsNobodysFault', async (t) => {
    const script = [{ match: { connection: 1, request: 2 }, do: { request: { eof: true, when: 'head' } } }];
    const { sim, daemon } = await gateway(t, { script });
    const headers = { 'session-id': 'one loop' }; // each loop keeps its own
    for (let i = 0; i < 4; ++i) assert.equal((await stream(daemon, kBase, { headers })).terminal.type, 'response.completed');
    assert.equal(sim.transcript().filter((line) => line.request?.number === 1).length, 2);
    const { accounts } = await daemon.status();
    assert.equal(accounts[0].faults, 0);
  });

  const kForms = [
    { newline: 'crlf', cut: 1 },
    { newline: 'cr', cut: 7, space: false },
    { event: false, comments: true, ids: true, retry: true },
    { split: true, done: true },
  ];
  for (const sse of kForms)
    test(`MayWriteItsEventsAs${Object.keys(sse).map((name) => name[0].toUpperCase() + name.slice(1)).join('And')}`, async (t) => {
      const { daemon } = await gateway(t, { script: [{ do: { http: { sse } } }] });
      const turn = await stream(daemon, kBase);
      assert.equal(turn.terminal.type, 'response.completed');
      const client = await connect(t, daemon.wsUrl);
      assert.equal((await client.turn({ ...kBase })).terminal.type, 'response.completed');
    });

  test('MayAnswerWithOneDocument', async (t) => {
    const { daemon } = await gateway(t, { script: [{ do: { http: { as: 'document' } } }] });
    const turn = await stream(daemon, kBase);
    assert.deepEqual([turn.events[0].type, turn.terminal.type], ['response.created', 'response.completed']);
    assert.equal((await daemon.usage(1))[0].status, 'completed');
  });

  test('IsCancelledByClosing', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ times: 1, do: { fault: { kind: 'hang', when: 'content:1' } } }] });
    const stop = new AbortController();
    const answer = await post(daemon, { ...kBase, stream: true }, { signal: stop.signal });
    await answer.body.getReader().read();
    stop.abort();
    await waitFor(() => sim.ends().some((line) => line.end.side === 'client'), 'the end of its connection');
    assert.equal((await daemon.usage(1))[0].status, 'aborted');
    assert.equal((await stream(daemon, kBase)).terminal.type, 'response.completed');
  });
});
