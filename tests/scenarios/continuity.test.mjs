import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';

// behaviour.md section 4: a conversation that nobody stored goes on when its connection is gone; tool outputs and
// their calls stay together; nothing is shortened silently.

const kWeather = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const kBase = { model: 'sim-1', store: false };

async function gateway(t, { script, config, ...options } = {}) {
  const sim = await startSim(t, { script, ...options });
  const daemon = await startDaemon(t, { upstream: sim, config });
  return { sim, daemon, client: await connect(t, daemon.wsUrl, { headers: { 'session-id': 'conversation' } }) };
}

async function lose(sim, daemon) {
  const { waitFor } = await import('./lib/wait.mjs');
  const before = daemon.logged('upstream connection ended').length;
  await sim.reset('all');
  await waitFor(() => daemon.logged('upstream connection ended').length > before, 'the loss to be noticed');
}

function assertDone(turn) {
  assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
}

test('AnUnstoredConversationGoesOnAfterItsConnectionIsLost', async (t) => {
  const { sim, daemon, client } = await gateway(t);
  const first = await client.turn({ ...kBase, input: 'one größe' });
  const second = await client.turn({ ...kBase, input: [{ role: 'user', content: 'two' }], previous_response_id: first.id });
  await lose(sim, daemon);
  const third = await client.turn({ ...kBase, input: 'three', previous_response_id: second.id, metadata: { kept: 'as it is' } });
  assertDone(third);
  const create = sim.creates().at(-1).event;
  assert.equal(create.previous_response_id, undefined);
  assert.deepEqual(create.metadata, { kept: 'as it is' });
  const texts = create.input.map((item) => item.content?.[0]?.text ?? item.content);
  assert.deepEqual(texts, ['one größe', first.text, 'two', second.text, 'three']);
  assert.ok(create.input.every((item) => item.id === undefined && item.status === undefined));

  const fourth = await client.turn({ ...kBase, input: 'four', previous_response_id: third.id });
  assertDone(fourth);
  assert.equal(sim.creates().at(-1).event.previous_response_id, third.id, 'from here on by id again');
  assert.equal(fourth.usage.input_tokens > third.usage.total_tokens, true);
});

test('AnUnstoredConversationGoesOnWhenItsTurnIsLostUnseen', async (t) => {
  for (const when of ['before', 'created']) {
    await t.test(when, async (inner) => {
      const script = [{ match: { process_create: 2 }, do: { fault: { kind: 'reset', when } } }];
      const { sim, daemon, client } = await gateway(inner, { script });
      const first = await client.turn({ ...kBase, input: 'one' });
      const second = await client.turn({ ...kBase, input: 'two', previous_response_id: first.id });
      assertDone(second);
      assert.equal(second.types.filter((type) => type === 'response.created').length, 1);
      assert.equal(sim.creates().at(-1).event.input.length, 3);
      const rows = await daemon.usage(2);
      assert.deepEqual(rows.map((row) => [row.attempts, row.retry_reason]), [[1, ''], [2, 'upstream_lost']]);
    });
  }
});

test('ToolOutputsFindTheirCallsOnANewConnection', async (t) => {
  const { sim, daemon, client } = await gateway(t);
  const asked = await client.turn({ ...kBase, tools: [kWeather], input: 'What is the weather in Bern?' });
  const output = { type: 'function_call_output', call_id: asked.calls[0].call_id, output: '{"celsius":7}' };
  await lose(sim, daemon);
  const answered = await client.turn({ ...kBase, tools: [kWeather], input: [output], previous_response_id: asked.id });
  assertDone(answered);
  assert.match(answered.text, /celsius/);
  const types = sim.creates().at(-1).event.input.map((item) => item.type);
  assert.deepEqual(types, ['message', 'function_call', 'function_call_output']);
});

test('ToolOutputsWithoutAParentGetTheOneTheyBelongTo', async (t) => {
  const { sim, client } = await gateway(t);
  const asked = await client.turn({ ...kBase, tools: [kWeather], input: 'What is the weather in Bern?' });
  const output = { type: 'function_call_output', call_id: asked.calls[0].call_id, output: '{"celsius":7}' };
  const answered = await client.turn({ ...kBase, tools: [kWeather], input: [output] });
  assertDone(answered);
  assert.equal(sim.creates().at(-1).event.previous_response_id, asked.id);

  const whole = [{ role: 'user', content: 'all anew' }, asked.calls[0], output].map(({ id, status, ...item }) => item);
  assertDone(await client.turn({ ...kBase, input: whole }));
  assert.equal(sim.creates().at(-1).event.previous_response_id, undefined, 'not if the calls are there');
});

test('AClientThatComesBackFindsItsConversation', async (t) => {
  const { sim, daemon, client } = await gateway(t, { config: { server: { threads: 4 } } });
  const first = await client.turn({ ...kBase, input: 'one' });
  client.drop();
  await daemon.loggedOnce('session ended');
  const again = await connect(t, daemon.wsUrl, { headers: { 'session-id': 'conversation' } });
  const second = await again.turn({ ...kBase, input: 'two', previous_response_id: first.id });
  assertDone(second);
  assert.equal(sim.creates().at(-1).event.input.length, 3);
  const stranger = await connect(t, daemon.wsUrl, { headers: { 'session-id': 'another' } });
  const lost = await stranger.turn({ ...kBase, input: 'two', previous_response_id: first.id });
  assert.equal(lost.error.code, 'previous_response_not_found');
});

test('AConversationMovesToAnotherAccountWhenItsOwnIsUsedUp', async (t) => {
  const limit = { status: 429, code: 'usage_limit_reached', message: 'Used up.', headers: { 'retry-after': '60' } };
  const one = await startSim(t, { script: [{ match: { process_create: 2 }, do: { error: limit } }] });
  const two = await startSim(t);
  const accounts = [accountOf(one, { name: 'one', priority: 1 }), accountOf(two, { name: 'two', priority: 2 })];
  const daemon = await startDaemon(t, { config: { accounts } });
  const client = await connect(t, daemon.wsUrl);
  const first = await client.turn({ ...kBase, input: 'one' });
  const second = await client.turn({ ...kBase, input: 'two', previous_response_id: first.id });
  assertDone(second);
  assert.equal(two.creates()[0].event.input.length, 3);
  assertDone(await client.turn({ ...kBase, input: 'three', previous_response_id: second.id }));
  const rows = await daemon.usage(3);
  assert.deepEqual(rows.map((row) => row.account), ['one', 'two', 'two']);
});

test('AParentThatTheUpstreamForgotIsRebuiltOnce', async (t) => {
  const forgotten = { status: 400, code: 'previous_response_not_found', message: 'gone', param: 'previous_response_id' };
  const script = [{ match: { process_create: 2 }, do: { error: forgotten } }];
  const { sim, client } = await gateway(t, { script });
  const first = await client.turn({ ...kBase, input: 'one' });
  assertDone(await client.turn({ ...kBase, input: 'two', previous_response_id: first.id }));
  assert.equal(sim.creates().at(-1).event.input.length, 3);
});

test('WhatIsNotWholeIsNeverSentShortened', async (t) => {
  const { sim, daemon, client } = await gateway(t, { config: { continuity: { chain_max_per_session: '2KiB' } } });
  const first = await client.turn({ ...kBase, input: 'x'.repeat(5000) });
  const second = await client.turn({ ...kBase, input: 'two', previous_response_id: first.id });
  await lose(sim, daemon);
  const creates = sim.creates().length;
  const third = await client.turn({ ...kBase, input: 'three', previous_response_id: second.id });
  assert.equal(third.error.code, 'previous_response_not_found');
  assert.equal(third.terminal.status, 400);
  assert.equal(sim.creates().length, creates);
  assertDone(await client.turn({ ...kBase, input: 'all of it' }));
});

test('AThirtySecondLaneIsTheLast', async (t) => {
  const { client } = await gateway(t);
  for (let i = 0; i < 32; ++i) assertDone(await client.turn({ ...kBase, stream_id: `lane-${i}`, input: 'x' }));
  const refused = await client.turn({ ...kBase, stream_id: 'one-more', input: 'x' });
  assert.equal(refused.error.code, 'websocket_stream_limit_reached');
  assertDone(await client.turn({ ...kBase, input: 'x' }));
  assertDone(await client.turn({ ...kBase, stream_id: 'lane-3', input: 'x' }));
});
