import assert from 'node:assert/strict';
import { test } from 'node:test';

import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';

import { startDaemon } from '../scenarios/lib/daemon.mjs';
import { costOf } from '../scenarios/lib/prices.mjs';
import { atEnd } from '../scenarios/lib/scope.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { within } from '../scenarios/lib/wait.mjs';

const kTerminal = new Set(['response.completed', 'response.failed', 'response.incomplete', 'error']);

const kWeather = {
  type: 'function',
  name: 'get_weather',
  strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

async function gateway(t, options) {
  const sim = await startSim(t, options);
  const daemon = await startDaemon(t, { upstream: sim, config: { pricing: { unknown_model: 'reject' } } });
  return { sim, daemon };
}

// The package's own socket, with an error listener as its documentation wants one.
function open(t, daemon, { apiKey = daemon.key, ...options } = {}) {
  const client = new OpenAI({ apiKey, baseURL: daemon.url });
  const socket = new ResponsesWS(client, options);
  socket.errors = [];
  socket.on('error', (error) => socket.errors.push(error));
  atEnd(t, () => socket.close());
  return socket;
}

const closed = (socket) => new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason })));

// All events of one lane until its terminal one.
function run(socket, fields) {
  const events = [];
  const over = new Promise((resolve) => {
    socket.on('event', function take(event) {
      if (event.stream_id !== fields.stream_id) return;
      events.push(event);
      if (!kTerminal.has(event.type)) return;
      socket.off('event', take);
      resolve(events);
    });
  });
  socket.send({ type: 'response.create', model: 'sim-1', store: false, ...fields });
  return within(over, `the end of ${JSON.stringify(fields)}`);
}

const responseOf = (events) => events.at(-1).response;
const textOf = (events) =>
  events
    .filter((event) => event.type === 'response.output_text.delta')
    .map((event) => event.delta)
    .join('');

test('SeveralTurnsWithAToolCall', async (t) => {
  const { sim, daemon } = await gateway(t);
  const socket = open(t, daemon);

  const hello = await run(socket, { input: 'Hello, my name is Ada', tools: [kWeather] });
  assert.match(textOf(hello), /^You said: Hello, my name is Ada/);
  const asked = await run(socket, {
    input: 'What is the weather in Oslo?',
    tools: [kWeather],
    previous_response_id: responseOf(hello).id,
  });
  const call = responseOf(asked).output.find((item) => item.type === 'function_call');
  assert.deepEqual([call.name, JSON.parse(call.arguments)], ['get_weather', { city: 'Oslo' }]);
  const answered = await run(socket, {
    input: [{ type: 'function_call_output', call_id: call.call_id, output: 'rain, 4 degrees' }],
    tools: [kWeather],
    previous_response_id: responseOf(asked).id,
  });
  assert.match(textOf(answered), /^The tool says: rain, 4 degrees/);
  const thanks = await run(socket, { input: 'Thank you', previous_response_id: responseOf(answered).id });
  assert.equal(responseOf(thanks).status, 'completed');
  assert.deepEqual(socket.errors, []);

  assert.equal(sim.upgrades().length, 1);
  const rows = await daemon.usage(4);
  assert.deepEqual(
    rows.map((row) => [row.upstream_response_id, row.cost_nano_usd]),
    [hello, asked, answered, thanks].map(responseOf).map(({ id, usage }) => [id, costOf('sim-1', usage)]),
  );
});

test('AnErrorEventLeavesTheSocketAndTheChainUsable', async (t) => {
  const { daemon } = await gateway(t);
  const socket = open(t, daemon);
  const before = await run(socket, { input: 'One' });

  const [error] = await run(socket, { model: 'no-such-model', input: 'Two' });
  assert.equal(error.status, 400);
  assert.deepEqual([error.error.code, error.error.param], ['model_not_found', 'model']);
  assert.equal(socket.errors.length, 1);
  assert.equal(socket.errors[0].error.error.code, 'model_not_found');

  const after = await run(socket, { input: 'Three', previous_response_id: responseOf(before).id });
  assert.equal(responseOf(after).status, 'completed');
  const rows = await daemon.usage(2);
  assert.deepEqual(rows.map((row) => row.upstream_response_id), [before, after].map(responseOf).map(({ id }) => id));
});

test('AnErrorOfTheVendorPassesAndTheNextTurnRuns', async (t) => {
  const refusal = { status: 400, code: 'invalid_prompt', message: 'No.', param: 'input' };
  const script = [{ match: { input_contains: 'forbidden' }, do: { error: { ...refusal, after: 'nothing' } } }];
  const { sim, daemon } = await gateway(t, { script });
  const socket = open(t, daemon);
  const before = await run(socket, { input: 'One', store: true });
  const [error] = await run(socket, { input: 'Something forbidden' });
  assert.deepEqual([error.status, error.error.code, error.error.message], [400, 'invalid_prompt', 'No.']);
  const after = await run(socket, { input: 'Three', previous_response_id: responseOf(before).id });
  assert.equal(responseOf(after).status, 'completed');
  assert.equal(sim.upgrades().length, 1);
});

test('ABadKeyIsRefused', async (t) => {
  const { sim, daemon } = await gateway(t);
  const socket = open(t, daemon, { apiKey: 'sk-wrong' });
  const { code } = await within(closed(socket), 'the refusal');
  assert.equal(code, 1006);
  assert.match(socket.errors[0].message, /Unexpected server response: 401/);
  assert.equal(sim.upgrades().length, 0);
});

test('TheSocketClosesNormally', async (t) => {
  const { daemon } = await gateway(t);
  const socket = open(t, daemon);
  await run(socket, { input: 'One' });
  const close = within(closed(socket), 'the closing handshake');
  socket.close();
  assert.equal((await close).code, 1000);
  const { by, code } = await daemon.loggedOnce('session ended');
  assert.deepEqual([by, code], ['peer', 1000]);
});

test('CompressionChangesNothing', async (t) => {
  const { daemon } = await gateway(t, { deltas: 4, deltaBytes: 2000 });
  const socket = open(t, daemon, { perMessageDeflate: { threshold: 0 } });
  const input = 'a long and compressible text; '.repeat(2000);
  const first = await run(socket, { input });
  const second = await run(socket, { input: 'And again', previous_response_id: responseOf(first).id });
  for (const events of [first, second]) {
    const [item] = responseOf(events).output;
    assert.equal(textOf(events), item.content[0].text);
    assert.equal(textOf(events).length, 8000);
  }
  assert.equal((await daemon.loggedOnce('session begun')).deflate, true);
  assert.equal((await daemon.usage(2)).length, 2);
});
