import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';

// Codex sends a turn a second time that says nothing for 300 s, whatever it is pinged (protocol.md section 10.4).

const kInterval = 150; // ms
const kThinks = 6 * kInterval;
const kTurn = { model: 'sim-1', input: 'think', store: false };
const script = [{ match: { input_contains: 'think' }, do: { answer: [{ text: 'Thought.', delay_ms: kThinks }] } }];

async function turnOf(t, headers, http = {}) {
  const sim = await startSim(t, { script });
  const daemon = await startDaemon(t, {
    upstream: sim,
    config: { relay: { hold_lifecycle: '50ms' }, http: { keepalive_event_interval: `${kInterval}ms`, ...http } },
  });
  const client = await connect(t, daemon.wsUrl, { headers });
  const turn = await client.turn({ ...kTurn, stream_id: 'side' });
  assert.equal(turn.terminal.type, 'response.completed');
  assert.equal((await client.turn({ ...kTurn, input: 'and on' })).terminal.type, 'response.completed');
  return turn;
}

const keepalives = (turn) => turn.events.filter((event) => event.type === 'keepalive');

for (const headers of [{ 'user-agent': 'codex_exec/0.169.0 (Linux)' }, { 'user-agent': 'x', originator: 'Codex_vscode' }])
  test(`CodexHearsOfATurnThatThinks, known by its ${Object.keys(headers).at(-1)}`, async (t) => {
    const turn = await turnOf(t, headers);
    const heard = keepalives(turn);
    assert.ok(heard.length >= 2, `${heard.length} in ${kThinks} ms`);
    assert.deepEqual(heard.map((event) => event.sequence_number), [...heard.keys()]);
    assert.ok(heard.every((event) => event.stream_id === 'side'));
    assert.ok(turn.types.indexOf('response.created') < turn.types.indexOf('keepalive'), 'nothing before the response');
  });

test('OthersHearNothingOfIt', async (t) => {
  assert.deepEqual(keepalives(await turnOf(t, { 'user-agent': 'openai-node/7' })), []);
});

test('OrEverybodyOrNobody', async (t) => {
  assert.ok(keepalives(await turnOf(t, { 'user-agent': 'openai-node/7' }, { keepalive_event: 'all' })).length >= 2);
  const off = await turnOf(t, { 'user-agent': 'codex_exec/0.169.0' }, { keepalive_event: 'off' });
  assert.deepEqual(keepalives(off), []);
});
