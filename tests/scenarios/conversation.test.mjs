import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { costOf } from './lib/prices.mjs';
import { startSim } from './lib/sim.mjs';

const kWeather = {
  type: 'function',
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

const say = (text) => [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }];

async function gateway(t, options) {
  const sim = await startSim(t, options);
  const daemon = await startDaemon(t, { upstream: sim });
  return { sim, daemon };
}

// Three turns with a tool call between them.
async function converse(client) {
  const base = { model: 'sim-1', tools: [kWeather], store: false };
  const first = await client.turn({ ...base, input: say('Hello, größe 你好 "quoted" \\ back') });
  const second = await client.turn({ ...base, input: say('What is the weather in Paris?'), previous_response_id: first.id });
  const output = { type: 'function_call_output', call_id: second.calls[0]?.call_id, output: '{"celsius":21}' };
  const third = await client.turn({ ...base, input: [output], previous_response_id: second.id });
  return [first, second, third];
}

test('ThreeTurnsWithAToolCallStayOnOneUpstreamConnection', async (t) => {
  const { sim, daemon } = await gateway(t);
  const client = await connect(t, daemon.wsUrl);
  const turns = await converse(client);

  for (const turn of turns) {
    assert.equal(turn.terminal.type, 'response.completed');
    assert.deepEqual(turn.events.map((event) => event.sequence_number), [...turn.events.keys()]);
  }
  assert.equal(turns[1].calls[0].name, 'get_weather');
  assert.deepEqual(JSON.parse(turns[1].calls[0].arguments), { city: 'Paris' });
  assert.match(turns[2].text, /^The tool says: \{"celsius":21\}/);
  assert.equal(turns[2].text, turns[2].items[0].content[0].text);

  assert.equal(sim.upgrades().length, 1);
  assert.deepEqual(sim.creates().map((create) => create.connection), [1, 1, 1]);
  assert.deepEqual(
    sim.creates().map((create) => create.event.previous_response_id),
    [undefined, turns[0].id, turns[1].id],
  );
  assert.deepEqual(client.unread(), []);
});

test('EventsAndCreatesPassByteForByte', async (t) => {
  const { sim, daemon } = await gateway(t, { seed: 7 });
  const twin = await startSim(t, { seed: 7 }); // answers the same, and is spoken to directly
  const through = await connect(t, daemon.wsUrl);
  const direct = await connect(t, twin.wsUrl, { key: twin.key });
  await converse(through);
  await converse(direct);

  const withoutClock = (text) => text.replace(/"created_at":\d+/g, '"created_at":0');
  const texts = (client) => client.frames.map((frame) => withoutClock(frame.text));
  assert.deepEqual(texts(through), texts(direct));
  assert.ok(through.frames.length > 20);
  assert.deepEqual(
    sim.messages().map((entry) => entry.message),
    twin.messages().map((entry) => entry.message),
  );
});

test('BillsEachResponseOnceAtListPrices', async (t) => {
  const { daemon } = await gateway(t);
  const client = await connect(t, daemon.wsUrl, { headers: { 'user-agent': 'scenario/1' } });
  const turns = await converse(client);

  const rows = await daemon.usage(3);
  assert.deepEqual(rows.map((row) => row.upstream_response_id), turns.map((turn) => turn.id));
  assert.equal(new Set(rows.map((row) => row.response_uid)).size, 3);
  for (const [i, row] of rows.entries()) {
    const { usage } = turns[i];
    assert.equal(row.input_tokens, usage.input_tokens);
    assert.equal(row.cached_tokens, usage.input_tokens_details.cached_tokens);
    assert.equal(row.output_tokens, usage.output_tokens);
    assert.equal(row.total_tokens, usage.total_tokens);
    assert.equal(row.cost_nano_usd, costOf('sim-1', usage));
    assert.ok(row.cost_nano_usd > 0);
    assert.equal(row.status, 'completed');
    assert.equal(row.request_type, 'ws_v2');
    assert.equal(row.estimated, false);
    assert.equal(row.attempts, 1);
    assert.deepEqual([row.key, row.account, row.requested_model], ['dev', 'sim', 'sim-1']);
    assert.equal(row.user_agent, 'scenario/1');
    assert.equal(row.client_ip, '127.0.0.1');
  }
  assert.ok(rows[2].cached_tokens > 0, 'the parent was in memory');
});

test('ContinuesAStoredResponseFromAnotherSocket', async (t) => {
  const { sim, daemon } = await gateway(t);
  const first = await connect(t, daemon.wsUrl);
  const stored = await first.turn({ model: 'sim-1', input: say('Remember me'), store: true });
  const fleeting = await first.turn({ model: 'sim-1', input: say('Forget me'), store: false });
  await first.close();

  const second = await connect(t, daemon.wsUrl);
  const next = await second.turn({ model: 'sim-1', input: say('Again'), previous_response_id: stored.id });
  assert.equal(next.terminal.type, 'response.completed');
  assert.ok(next.usage.input_tokens > stored.usage.total_tokens, 'it knows what was said before');

  const lost = await second.turn({ model: 'sim-1', input: say('Again'), previous_response_id: fleeting.id });
  assert.equal(lost.terminal.status, 400);
  assert.equal(lost.error.code, 'previous_response_not_found');
  assert.equal(lost.error.param, 'previous_response_id');

  const after = await second.turn({ model: 'sim-1', input: say('Still there?'), previous_response_id: next.id });
  assert.equal(after.terminal.type, 'response.completed');
  assert.equal(sim.upgrades().length, 2);
  assert.equal((await daemon.usage(4)).length, 4);
});

test('AWarmUpIsAResponseThatCanBeContinued', async (t) => {
  const { sim, daemon } = await gateway(t);
  const client = await connect(t, daemon.wsUrl);
  const warm = await client.turn({ model: 'sim-1', input: say('You are terse.'), generate: false, store: false });
  assert.deepEqual(warm.types, ['response.created', 'response.in_progress', 'response.completed']);
  assert.deepEqual(warm.response.output, []);

  const turn = await client.turn({ model: 'sim-1', input: say('Hello'), previous_response_id: warm.id, store: false });
  assert.equal(turn.terminal.type, 'response.completed');
  assert.equal(turn.usage.input_tokens_details.cached_tokens, warm.usage.total_tokens);
  assert.equal(sim.upgrades().length, 1);

  const rows = await daemon.usage(2);
  assert.deepEqual(rows.map((row) => row.upstream_response_id), [warm.id, turn.id]);
  assert.deepEqual(rows.map((row) => row.cost_nano_usd), [warm, turn].map(({ usage }) => costOf('sim-1', usage)));
  assert.equal(rows[0].output_tokens, 0);
});
