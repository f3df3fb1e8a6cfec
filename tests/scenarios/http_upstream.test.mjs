import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { post, stream } from './lib/http.mjs';
import { startSim } from './lib/sim.mjs';

// Accounts that are asked over HTTP (http.md section 6), by clients of both kinds.

const kBase = { model: 'sim-1', input: 'hello' };

async function gateway(t, { script, account = {}, ...options } = {}) {
  const sim = await startSim(t, { script, deltas: 4, websocket: 'off', ...options });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, { transport: 'http', ...account })] } });
  return { sim, daemon };
}

const creates = (sim) => sim.messages().map((message) => message.event).filter((event) => event?.model);
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
    assert.equal(row.total_tokens, 0);
  });

  test('IsAskedAgainWhereNothingWasExecuted', async (t) => {
    const script = [{ times: 1, do: { error: { status: 503, code: 'server_error', message: 'Not today.' } } }];
    const { daemon } = await gateway(t, { script });
    const turn = await stream(daemon, kBase);
    assert.equal(turn.terminal.type, 'response.completed');
    assert.equal((await stream(daemon, kBase)).terminal.type, 'response.completed');
  });

  test('ThatSpeaksNoWebSocketIsFoundOutWithoutAFault', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { transport: 'auto', kind: 'custom' } });
    const client = await connect(t, daemon.wsUrl);
    for (let i = 0; i < 3; ++i) assert.equal((await client.turn({ ...kBase })).terminal.type, 'response.completed');
    assert.equal(creates(sim).length, 3);
    const upgrades = sim.transcript().filter((line) => line.upgrade);
    assert.equal(upgrades.length, 1);
  });

  test('ThatIsLostBeforeContentIsAskedOnceMore', async (t) => {
    const script = [{ times: 1, do: { fault: { kind: 'reset', when: 'created' } } }];
    const { sim, daemon } = await gateway(t, { script });
    const turn = await stream(daemon, kBase);
    assert.equal(turn.terminal.type, 'response.completed');
    assert.equal(creates(sim).length, 2);
    const lost = await gateway(t, { script: [{ times: 1, do: { fault: { kind: 'reset', when: 'content:2' } } }] });
    const told = await stream(lost.daemon, kBase);
    assert.equal(told.terminal.type, 'response.failed');
    assert.equal((await stream(lost.daemon, kBase)).terminal.type, 'response.completed');
  });
});
