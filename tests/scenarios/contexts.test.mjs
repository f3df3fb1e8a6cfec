import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';

// What is sent again where an upstream has forgotten a conversation (behaviour.md section 4): all of it and nothing besides,
// in its order, whatever form its answers came in.

const kModel = { model: 'sim-1', store: false };
const say = (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const answered = (text) => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', annotations: [], logprobs: [], text }] });
const kImage = { item: { type: 'image_generation_call', status: 'failed', result: null } };
const kCompaction = { item: { type: 'compaction', encrypted_content: 'sealed away' } };
const kCall = { call: { name: 'look', arguments: '{}', call_id: 'call_1' } };

// Items of an answer as they are sent again.
const kSent = {
  compaction: { type: 'compaction', encrypted_content: 'sealed away' },
  call: { type: 'function_call', arguments: '{}', call_id: 'call_1', name: 'look' },
};

async function gateway(t, script, options = {}) {
  const sim = await startSim(t, { script, deltas: 2, ...options });
  const daemon = await startDaemon(t, { upstream: sim });
  return { sim, daemon, client: await connect(t, daemon.wsUrl, { headers: { 'session-id': 'own' } }) };
}

async function forget(sim) {
  await sim.reset();
  await sim.statsOnce((stats) => stats.connections_open === 0, 'the connection to be gone');
}

const assertDone = (turn) => assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));

// first: what the client says; act: the answer; said: the answer as it must be sent again; then: the second input.
const kAnswers = {
  'items in another order than they came in': {
    act: { answer: [{ text: 'one' }, { text: 'two' }, { text: 'three' }], arrival: [2, 0, 1] },
    said: [answered('one'), answered('two'), answered('three')],
  },
  'an item that only the end told of': {
    act: { answer: [{ text: 'said' }, { text: 'untold', silent: true }] },
    said: [answered('said'), answered('untold')],
  },
  'an answer of which no item was told': { act: { answer: [{ text: 'untold', silent: true }] }, said: [answered('untold')] },
  'an untold item before a told one': {
    act: { answer: [{ text: 'untold', silent: true }, { text: 'said' }] },
    said: [answered('untold'), answered('said')],
  },
  'an image that failed': { act: { answer: [kImage, { text: 'None.' }] }, said: [answered('None.')] },
  'a compaction': { act: { answer: [kCompaction, { text: 'Shorter.' }] }, said: [kSent.compaction, answered('Shorter.')] },
  'a call that comes after a text, told before it': {
    act: { answer: [{ text: 'Let me look.' }, kCall], arrival: [1, 0] },
    said: [answered('Let me look.'), kSent.call],
    then: [{ type: 'function_call_output', call_id: 'call_1', output: 'seen' }],
  },
  'response.done': { act: { answer: [{ text: 'done' }], terminal: 'response.done' }, said: [answered('done')] },
  'an order to compact': { first: [say('one'), { type: 'compaction_trigger' }], sent: [say('one')], act: { answer: [{ text: 'ok' }] }, said: [answered('ok')] },
};

describe('A conversation that is sent again', { concurrency: 3 }, () => {
  for (const [what, { first = [say('one')], sent = first, act, said, then = [say('two')] }] of Object.entries(kAnswers))
    test(`Has ${what}`, async (t) => {
      const { sim, client } = await gateway(t, [{ times: 1, do: act }]);
      const one = await client.turn({ ...kModel, input: first });
      await forget(sim);
      const two = await client.turn({ ...kModel, input: then, previous_response_id: one.id });
      assertDone(two);
      const { event } = sim.creates().at(-1);
      assert.equal(event.previous_response_id, undefined);
      assert.deepEqual(event.input, [...sent, ...said, ...then]);
      await forget(sim);
      assertDone(await client.turn({ ...kModel, input: [say('three')], previous_response_id: two.id }));
      assert.deepEqual(sim.creates().at(-1).event.input.slice(0, -2), [...sent, ...said, ...then], 'and so ever after');
    });

  test('IsNotLostBecauseItsAnswerWasCutOff', async (t) => {
    const { sim, client } = await gateway(t, [{ match: { input_contains: 'cut' }, times: 1, do: { fault: { kind: 'reset', when: 'content:1' } } }]);
    const one = await client.turn({ ...kModel, input: [say('one')] });
    const cut = await client.turn({ ...kModel, input: [say('cut')], previous_response_id: one.id });
    assert.equal(cut.error.code, 'upstream_disconnected');
    assertDone(await client.turn({ ...kModel, input: [say('again')], previous_response_id: one.id }));
    assert.deepEqual(sim.creates().at(-1).event.input.map(({ role }) => role), ['user', 'assistant', 'user']);
  });
});

test('AnInputThatBeginsWithACompactionIsItsOwnBeginning', async (t) => {
  const { sim, client } = await gateway(t, [{ times: 1, do: { answer: [kCall] } }]);
  const one = await client.turn({ ...kModel, input: [say('one')] });
  const output = { type: 'function_call_output', call_id: one.calls[0].call_id, output: 'seen' };
  const input = [kSent.compaction, output];
  await client.turn({ ...kModel, input });
  const { event } = sim.creates().at(-1);
  assert.deepEqual([event.previous_response_id, event.input], [undefined, input], 'no parent is added to it');
  assertDone(await client.turn({ ...kModel, input: [say('anew')] }));
});

// Two accounts, each of which reads only what it sealed itself. A limits whoever says so, for a minute.
async function twoAccounts(t) {
  const kLimit = { error: { status: 429, code: 'usage_limit_reached', message: 'No.', headers: { 'retry-after': '60' } } };
  const think = { answer: [{ reasoning: { summary: 'hm' } }, { text: 'I thought.' }] };
  const script = [{ match: { input_contains: 'enough' }, do: kLimit }, { match: { input_contains: 'think' }, times: 1, do: think }];
  const [a, b] = [await startSim(t, { seal: 'A', script }), await startSim(t, { seal: 'B' })];
  const accounts = [accountOf(a, { name: 'a', priority: 1 }), accountOf(b, { name: 'b', priority: 2 })];
  const daemon = await startDaemon(t, { config: { accounts } });
  const client = await connect(t, daemon.wsUrl, { headers: { 'session-id': 'own' } });
  const one = await client.turn({ ...kModel, input: [say('think')] });
  assert.ok(one.items[0].encrypted_content.startsWith('gAAAAAA_'));
  return { a, b, daemon, client, one };
}

const withoutMarks = ({ id, status, ...item }) => item;
const kWithoutReasoning = [say('think'), answered('I thought.')];

describe('Reasoning that one account sealed does not go to another', { concurrency: 3 }, () => {
  const sealed = (sim) => sim.creates().flatMap(({ event }) => event.input).filter(({ type }) => type === 'reasoning');

  test('WhereTheGatewaySendsTheConversationAgain', async (t) => {
    const { b, client, one } = await twoAccounts(t);
    const two = await client.turn({ ...kModel, input: [say('enough')], previous_response_id: one.id });
    assertDone(two);
    assert.deepEqual(b.creates().at(-1).event.input, [...kWithoutReasoning, say('enough')]);
    assertDone(await client.turn({ ...kModel, input: [say('on')], previous_response_id: two.id }));
  });

  for (const marks of ['as it came', 'without marks'])
    test(`WhereTheClientSendsAllOfItAgain, ${marks}`, async (t) => {
      const { a, b, client, one } = await twoAccounts(t);
      const items = marks === 'as it came' ? one.items : one.items.map(withoutMarks);
      const input = [say('think'), ...items, say('enough')];
      const two = await client.turn({ ...kModel, input });
      assertDone(two);
      assert.ok(a.creates().length > 1, 'A was asked');
      assert.equal(sealed(b).length, 0, 'B is not asked to read it');
      const three = await client.turn({ ...kModel, input: [...input, ...two.items, say('on')] });
      assertDone(three);
      assert.equal(sealed(b).length, 0);
    });

  test('WhereNobodyKnowsWhoSealedIt', async (t) => {
    const { a, client } = await twoAccounts(t);
    const before = a.creates().length;
    const foreign = { type: 'reasoning', summary: [], encrypted_content: 'gAAAAAZ_of_a_life_before' };
    const turn = await client.turn({ ...kModel, input: [say('before'), foreign, answered('yes'), say('now')] });
    assertDone(turn);
    assert.equal(a.creates().length, before + 2);
    assert.deepEqual(a.creates().at(-1).event.input, [say('before'), answered('yes'), say('now')], 'once more without it');
    assertDone(await client.turn({ ...kModel, input: [say('on')], previous_response_id: turn.id }));
  });
});
