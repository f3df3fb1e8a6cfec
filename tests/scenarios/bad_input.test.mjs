import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect, isTerminal } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { frame, Opcode, rawConnect } from './lib/raw.mjs';
import { startSim } from './lib/sim.mjs';

// behaviour.md section 2: whatever a client sends, it gets one clear error event with a numeric status, its socket
// lives, and the turn after it works.

const create = (fields) => JSON.stringify({ type: 'response.create', model: 'sim-1', input: 'hello', ...fields });
const deep = '['.repeat(2000) + ']'.repeat(2000);

const kCases = [
  // what is sent, code, param, stream_id
  ['nothing', '', 'invalid_json'],
  ['white space', '  \n ', 'invalid_json'],
  ['half an object', '{"type":"response.create"', 'invalid_json'],
  ['a trailing comma', '{"type":"response.create","model":"sim-1",}', 'invalid_json'],
  ['two documents', create() + create(), 'invalid_json'],
  ['a bad literal far inside', create().replace('"hello"', '[{"content":tru}]'), 'invalid_json'],
  ['nesting without end', create().replace('"hello"', deep), 'invalid_json'],
  ['no object', '[1,2,3]', 'invalid_request'],
  ['a bare string', '"response.create"', 'invalid_request'],
  ['a model given twice', '{"type":"response.create","model":"sim-1","model":"other","input":"x"}', 'invalid_request', 'model'],
  ['a type given twice', '{"type":"response.create","type":"x","model":"sim-1"}', 'invalid_request', 'type'],
  ['a model in two spellings', '{"type":"response.create","model":"sim-1","Model":"other","input":"x"}', 'invalid_request'],
  ['a reference that is a message, too', create().replace('"hello"', '[{"type":"item_reference","id":"msg_1","type":"message","role":"user","content":"x"}]'), 'invalid_request'],
  ['a reference in another spelling', create().replace('"hello"', '[{"Type":"item_reference","type":"message","id":"msg_1","role":"user","content":"x"}]'), 'invalid_request'],
  ['no type and nothing to go by', '{"hello":"world"}', 'invalid_request', 'type'],
  ['a type that is no string', '{"type":7,"model":"sim-1"}', 'invalid_request', 'type'],
  ['an unknown type', '{"type":"session.update"}', 'unsupported_event', 'type'],
  ['response.append', '{"type":"response.append","input":"more"}', 'unsupported_event', 'type'],
  ['an empty lane name', create({ stream_id: '' }), 'invalid_stream_id', 'stream_id'],
  ['a lane name with a space', create({ stream_id: 'a b' }), 'invalid_stream_id', 'stream_id'],
  ['a lane name of 257 characters', create({ stream_id: 'x'.repeat(257) }), 'invalid_stream_id', 'stream_id'],
  ['no model', '{"type":"response.create","input":"x"}', 'invalid_request', 'model'],
  ['a model that is null', create({ model: null }), 'invalid_request', 'model'],
  ['a model that is no string', create({ model: 5 }), 'invalid_request', 'model'],
  ['a model nobody serves or prices', create({ model: 'no-such-model' }), 'model_not_found', 'model'],
  ['a message id as parent', create({ previous_response_id: 'msg_123' }), 'invalid_request', 'previous_response_id'],
  ['an item id as parent', create({ previous_response_id: 'item_1' }), 'invalid_request', 'previous_response_id'],
  ['a completion id as parent', create({ previous_response_id: 'chatcmpl-1' }), 'invalid_request', 'previous_response_id'],
  ['conversation and parent', create({ previous_response_id: 'resp_1', conversation: 'conv_1' }), 'invalid_request', undefined],
  ['an unknown parent', create({ previous_response_id: 'resp_unknown' }), 'previous_response_not_found', 'previous_response_id'],
  ['store that is no boolean', create({ store: 'yes' }), 'invalid_request', 'store'],
  ['a fault on a named lane', create({ stream_id: 'side', store: 'yes' }), 'invalid_request', 'store', 'side'],
  ['an unknown parent on a named lane', create({ stream_id: 'side', previous_response_id: 'resp_u' }), 'previous_response_not_found', 'previous_response_id', 'side'],
  ['an interrupt of nothing', '{"type":"response.interrupt","response_id":"resp_1"}', 'invalid_request', 'response_id'],
];

async function gateway(t) {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim, config: { pricing: { unknown_model: 'reject' } } });
  return { sim, daemon };
}

function assertError(event, { code, param, lane, status = 400 }) {
  assert.equal(event.type, 'error');
  assert.equal(event.status, status);
  assert.equal(event.error.code, code);
  assert.ok(event.error.message.length > 5);
  assert.equal(typeof event.error.type, 'string');
  if (param !== undefined) assert.equal(event.error.param, param);
  assert.equal(event.stream_id, lane);
}

test('EachBadFrameGetsOneClearErrorAndTheSocketLives', async (t) => {
  const { sim, daemon } = await gateway(t);
  for (const [what, text, code, param, lane] of kCases) {
    await t.test(what, async (inner) => {
      const client = await connect(inner, daemon.wsUrl);
      client.sendRaw(text);
      const { event } = await client.nextFrame((frame) => isTerminal(frame.event));
      assertError(event, { code, param, lane });
      const after = await client.turn({ model: 'sim-1', input: 'go on', store: false });
      assert.equal(after.terminal.type, 'response.completed');
      assert.deepEqual(client.unread(), []);
    });
  }
  assert.equal(sim.creates().length, kCases.length, 'no bad frame went up');
  assert.equal((await daemon.usage(kCases.length)).length, kCases.length);
});

// null is the field left out; half a surrogate pair is text as any other.
const kUnusual = [
  ['fields that are null', create({ previous_response_id: null, conversation: null, store: null, tools: null, generate: null, prompt: null })],
  ['half a surrogate pair', create().replace('hello', 'half \\ud83d of it')],
  ['halves in the wrong order', create().replace('hello', '\\ude00\\ud83d')],
  ['a pair in two escapes', create().replace('hello', '\\ud83d\\ude00')],
];

test('WhatIsUnusualButRightGoesUpAsItCame', async (t) => {
  const { sim, daemon } = await gateway(t);
  const client = await connect(t, daemon.wsUrl);
  for (const [what, text] of kUnusual) {
    await t.test(what, async () => {
      client.sendRaw(text);
      const turn = await client.toEnd();
      assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
      assert.equal(sim.messages().at(-1).message, text);
    });
  }
});

test('ABinaryFrameIsRefusedAndTheSocketLives', async (t) => {
  const { daemon } = await gateway(t);
  const client = await connect(t, daemon.wsUrl);
  client.sendRaw(Buffer.from(create()), { binary: true });
  assertError(await client.next('error'), { code: 'invalid_request' });
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
});

test('InvalidUtf8IsRefusedAndTheSocketLives', async (t) => {
  const { daemon } = await gateway(t);
  const raw = await rawConnect(t, daemon);
  await raw.upgrade();
  raw.send(frame(Opcode.text, Buffer.concat([Buffer.from('{"type":"response.create","model":"sim-1","input":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])));
  assertError(await raw.readEvent(), { code: 'invalid_json' });
  raw.send(frame(Opcode.text, create()));
  assert.equal((await raw.readEvent()).type, 'response.created');
});

test('FiveBadFramesInARowCloseTheSocket', async (t) => {
  const { daemon } = await gateway(t);
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 4; ++i) client.sendRaw('nonsense');
  assert.equal((await client.turn({ model: 'sim-1', input: 'a good one begins the count anew' })).terminal.type, 'error');
  for (let i = 0; i < 3; ++i) await client.next('error');
  await client.toEnd(undefined);
  for (let i = 0; i < 5; ++i) client.sendRaw('nonsense');
  assert.equal((await client.closed()).code, 1008);
  assert.equal(client.unread().length, 5);
});

test('ABadFrameDoesNotHarmTheRunningTurn', async (t) => {
  const sim = await startSim(t, { deltas: 20, deltaIntervalUs: 10_000 });
  const daemon = await startDaemon(t, { upstream: sim });
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'take your time' });
  await client.next('response.output_text.delta');
  client.sendRaw('{"type":');
  assertError(await client.nextFrame((f) => f.event?.error?.code === 'invalid_json').then((f) => f.event), { code: 'invalid_json' });
  const completed = await client.next('response.completed');
  assert.equal(completed.response.status, 'completed');
});

test('AMessageThatIsTooLargeGetsAnErrorAndClose1009', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim, config: { limits: { max_client_message: '64KiB' } } });
  const client = await connect(t, daemon.wsUrl);
  assert.equal((await client.turn({ model: 'sim-1', input: 'x'.repeat(60_000) })).terminal.type, 'response.completed');
  client.create({ model: 'sim-1', input: 'x'.repeat(70_000) });
  assertError(await client.next('error'), { code: 'request_too_large' });
  assert.equal((await client.closed()).code, 1009);
  const again = await connect(t, daemon.wsUrl);
  assert.equal((await again.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
});

test('FramesThatBreakRfc6455CloseWithItsCodes', async (t) => {
  const { daemon } = await gateway(t);
  const cases = [
    ['unmasked', frame(Opcode.text, 'x', { mask: false }), 1002],
    ['a reserved bit', frame(Opcode.text, 'x', { rsv: 2 }), 1002],
    ['a continuation of nothing', frame(Opcode.continuation, 'x'), 1002],
    ['a ping of 126 bytes', frame(Opcode.ping, 'x'.repeat(126)), 1002],
    ['a reserved opcode', frame(3, 'x'), 1002],
  ];
  for (const [what, bytes, code] of cases) {
    await t.test(what, async (inner) => {
      const raw = await rawConnect(inner, daemon);
      await raw.upgrade();
      raw.send(bytes);
      const closing = await raw.readFrame();
      assert.equal(closing.opcode, Opcode.close);
      assert.equal(closing.payload.readUInt16BE(0), code);
    });
  }
});

test('FragmentsMakeOneMessage', async (t) => {
  const { sim, daemon } = await gateway(t);
  const raw = await rawConnect(t, daemon);
  await raw.upgrade();
  const text = create();
  raw.send(frame(Opcode.text, text.slice(0, 10), { fin: false }));
  raw.send(frame(Opcode.ping, 'in between'));
  raw.send(frame(Opcode.continuation, text.slice(10, 30), { fin: false }));
  raw.send(frame(Opcode.continuation, text.slice(30)));
  const pong = await raw.readFrame();
  assert.equal(pong.opcode, Opcode.pong);
  assert.equal(pong.payload.toString(), 'in between');
  assert.equal((await raw.readEvent()).type, 'response.created');
  assert.equal(sim.messages()[0].message, text);
});

test('AMissingTypeWithAModelOrInputIsACreate', async (t) => {
  const { sim, daemon } = await gateway(t);
  const client = await connect(t, daemon.wsUrl);
  client.sendRaw(' {"model":"sim-1","input":"no type"}');
  assert.equal((await client.toEnd()).terminal.type, 'response.completed');
  assert.equal(sim.messages()[0].message, ' {"type":"response.create","model":"sim-1","input":"no type"}');
});
