import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// behaviour.md section 4: ids are looked up for their tenant only, a user in a group. To all others they are as good as never
// made: by no event of theirs can they be told from such, reach an upstream, or harm whose they are.

const kModel = 'gpt-6-sim'; // can be steered
const kUsers = {
  // key: user, group
  alice: ['alice', 'blue'],
  'alice-too': ['alice', 'blue'],
  'alice-in-red': ['alice', 'red'],
  bob: ['bob', 'red'],
  carol: ['carol', 'blue'],
};
const kStrangers = ['bob', 'carol', 'alice-in-red']; // to alice: other user and group, other user, other group

const secretOf = (name) => `tg-test-secret-of-${name}`;

const config = (sim) => ({
  accounts: [accountOf(sim, { groups: ['blue', 'red'], models: { [kModel]: kModel } })],
  groups: [{ name: 'blue' }, { name: 'red' }],
  users: [{ name: 'alice' }, { name: 'bob' }, { name: 'carol' }],
  keys: Object.entries(kUsers).map(([name, [user, group]]) => ({ name, key: secretOf(name), user, group })),
  pricing: { unknown_model: 'sim-1' },
});

const kWeather = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

const create = (fields) => ({ type: 'response.create', model: kModel, ...fields });
const outputOf = (callId) => ({ type: 'function_call_output', call_id: callId, output: '{"celsius":7}' });

// Events that mean to use a response by its id. Those that are no create concern a running one.
const kUses = {
  GoesOn: (id) => create({ input: 'What did I say?', previous_response_id: id }),
  GoesOnStoring: (id) => create({ input: 'What did I say?', previous_response_id: id, store: true }),
  GoesOnUnstored: (id) => create({ input: 'What did I say?', previous_response_id: id, store: false }),
  WarmsUp: (id) => create({ input: 'What did I say?', previous_response_id: id, generate: false }),
  AnswersItsCall: (id, callId) => create({ input: [outputOf(callId)], previous_response_id: id, store: false }),
  Steers: (id) => ({ type: 'response.steer', previous_response_id: id, input: 'Say something else.' }),
  Interrupts: (id) => ({ type: 'response.interrupt', response_id: id, mode: 'discard_partial_items' }),
  Injects: (id) => ({ type: 'response.inject', response_id: id, input: [outputOf('call_1')] }),
  Cancels: (id) => ({ type: 'response.cancel', response_id: id }),
  Acknowledges: (id) => ({ type: 'response.processed', response_id: id }),
};
const kControls = ['Steers', 'Interrupts', 'Injects'];

async function gateway(t, options = {}) {
  const sim = await startSim(t, { script: options.script });
  return { sim, daemon: await startDaemon(t, { upstream: sim, config: { ...config(sim), ...options.config } }) };
}

const enter = (t, daemon, name, session) =>
  connect(t, daemon.wsUrl, {
    key: secretOf(name),
    headers: { 'session-id': session, 'openai-beta': 'responses_multi_agent=v1' },
  });

// As an id that was never made.
const neverMade = (id) => id.slice(0, -8) + (id.endsWith('00000000') ? '11111111' : '00000000');

// All that is said to an event, as texts, up to the answer to one more that can have but one: a create's comes in its lane's
// order, all others' at once. Deltas are of the asker's own response.
async function answersTo(client, event) {
  const isCreate = event.type === 'response.create';
  client.send(event);
  client.send(isCreate ? create({ model: 'the-end', input: 'x' }) : { type: 'the-end' });
  const isEnd = ({ error }) => (isCreate ? error?.code === 'model_not_found' : error?.message.includes("'the-end'"));
  const texts = [];
  for (;;) {
    const frame = await client.nextFrame();
    if (isEnd(frame.event)) return texts;
    if (frame.event.type !== 'response.output_text.delta') texts.push(frame.text);
  }
}

// Nobody can tell from an answer whether there is such an id.
async function assertTellsNothing(client, use, target) {
  const ask = async (id) => {
    const answers = await answersTo(client, kUses[use](id, target.callId ?? 'call_1'));
    return answers.map((text) => text.replaceAll(id, '<id>'));
  };
  const [foreign, unknown] = [await ask(target.id), await ask(neverMade(target.id))];
  assert.deepEqual(foreign, unknown, use);
  if (kUses[use]('x', 'x').type !== 'response.create') return;
  assert.equal(foreign.length, 1);
  const { status, error } = JSON.parse(foreign[0]);
  assert.deepEqual([status, error.code, error.param], [400, 'previous_response_not_found', 'previous_response_id']);
}

function assertDone(turn) {
  assert.equal(turn.terminal.type, 'response.completed', turn.texts.at(-1));
  assert.deepEqual(turn.events.map((event) => event.sequence_number), [...turn.events.keys()]);
}

async function take(client, fields) {
  const turn = await client.turn({ model: kModel, ...fields });
  assertDone(turn);
  return turn;
}

// What went up since it was asked for, as events.
function sinceNow(sim) {
  const before = sim.messages().length;
  return () => sim.messages().slice(before).map((entry) => entry.event);
}

async function comeBack(t, daemon, client, name, session) {
  const ended = daemon.logged('session ended').length;
  client.drop();
  await waitFor(() => daemon.logged('session ended').length > ended, 'the session to end');
  return enter(t, daemon, name, session);
}

// Alice's conversations: one that is stored, one that is not, and one that waits for the output of a call.
async function converse(alice) {
  const stored = await take(alice, { input: 'Remember 41.', store: true });
  const asked = await take(alice, { input: 'What is the weather in Bern?', store: false, tools: [kWeather], stream_id: 'tools' });
  const unstored = await take(alice, { input: 'Remember 42.', store: false });
  return { stored: { id: stored.id }, asked: { id: asked.id, callId: asked.calls[0].call_id }, unstored: { id: unstored.id } };
}

async function assertOfNoUse(sim, stranger, targets) {
  const wentUp = sinceNow(sim);
  for (const target of Object.values(targets))
    for (const use of Object.keys(kUses)) await assertTellsNothing(stranger, use, target);
  await take(stranger, { input: 'My own.', store: false }); // after all of them
  assert.deepEqual(wentUp().map((event) => event.input), ['My own.'], 'nothing else went up');
  assert.deepEqual(stranger.unread(), []);
}

// Each can be gone on from, with its context.
async function assertUnharmed(alice, { stored, asked, unstored }) {
  const inputs = [
    { input: 'And?', previous_response_id: stored.id },
    { input: [outputOf(asked.callId)], previous_response_id: asked.id, store: false, stream_id: 'tools', tools: [kWeather] },
    { input: 'And?', previous_response_id: unstored.id, store: false },
  ];
  for (const fields of inputs) {
    const turn = await take(alice, fields);
    assert.ok(turn.usage.input_tokens > 10, 'with its context');
  }
  assert.deepEqual(alice.unread(), []);
}

for (const name of kStrangers) {
  for (const session of ['work', 'play']) {
    test(`ToAStrangerAnIdIsAsGoodAsNeverMade: ${name}, session ${session}`, async (t) => {
      const { sim, daemon } = await gateway(t);
      let alice = await enter(t, daemon, 'alice', 'work');
      let stranger = await enter(t, daemon, name, session);
      const targets = await converse(alice);
      await assertOfNoUse(sim, stranger, targets);

      stranger = await comeBack(t, daemon, stranger, name, session);
      alice = await comeBack(t, daemon, alice, 'alice', 'work');
      await assertOfNoUse(sim, stranger, targets);
      await assertUnharmed(alice, targets);

      const keys = (await daemon.usage(8)).map((row) => row.key);
      assert.deepEqual(keys, ['alice', 'alice', 'alice', name, name, 'alice', 'alice', 'alice'], 'nobody pays for another');
    });
  }
}

const kStory = { input: 'Tell me a long story.', store: false };
const kEndless = {
  match: { input_contains: 'a long story' },
  do: { answer: [{ text: 'on and on '.repeat(5000) }], interval_us: 10_000 },
};

async function beginStory(client) {
  client.create({ model: kModel, ...kStory });
  const { response } = await client.next(); // created
  while ((await client.next()).type !== 'response.output_text.delta');
  return response.id;
}

// Nothing had happened to it before its own user ended it.
async function endStory(client, id) {
  client.send(kUses.Interrupts(id));
  const turn = await client.toEnd();
  const told = turn.types.filter((type) => type !== 'response.output_text.delta');
  assert.deepEqual(told, ['response.interrupt.accepted', 'response.output_item.interrupted', 'response.incomplete']);
  assert.equal(turn.response.incomplete_details.reason, 'interrupted');
  const numbers = turn.events.map((event) => event.sequence_number);
  assert.deepEqual(numbers, [...numbers.keys()].map((i) => numbers[0] + i));
}

for (const name of kStrangers) {
  test(`ARunningResponseIsOutOfAStrangersReach: ${name}`, async (t) => {
    const { sim, daemon } = await gateway(t, { script: [kEndless] });
    const alice = await enter(t, daemon, 'alice', 'work');
    let stranger = await enter(t, daemon, name, 'work');
    const target = { id: await beginStory(alice) };
    await assertOfNoUse(sim, stranger, { target });
    stranger = await comeBack(t, daemon, stranger, name, 'work');
    await assertOfNoUse(sim, stranger, { target });

    const own = await beginStory(stranger);
    for (const use of kControls) await assertTellsNothing(stranger, use, target);
    await endStory(stranger, own);
    await endStory(alice, target.id);
    await take(stranger, { input: 'And then?', store: false, previous_response_id: own });
    await take(alice, { input: 'And then?', store: false, previous_response_id: target.id });

    const controls = sim.messages().filter(({ event }) => event.type !== 'response.create');
    assert.deepEqual(controls.map(({ event }) => event.response_id), [own, target.id], 'each its own');
  });
}

// behaviour.md section 4: a parent is added to outputs of calls of one's own lane only.
for (const name of kStrangers) {
  test(`ACallOfAnotherIsNobodysToAnswer: ${name}`, async (t) => {
    const { sim, daemon } = await gateway(t);
    const alice = await enter(t, daemon, 'alice', 'work');
    const stranger = await enter(t, daemon, name, 'work');
    const targets = await converse(alice);
    const { callId } = targets.asked;
    const ownCall = { input: 'What is the weather in Rome?', store: false, tools: [kWeather], stream_id: 'tools' };
    const places = {
      lane: () => ({ stream_id: 'tools' }), // of the same name, where a call of one's own is open
      otherLane: () => ({ stream_id: 'other' }),
      parent: (own) => ({ stream_id: 'tools', previous_response_id: own.id }),
    };
    for (const place of Object.values(places)) {
      const ask = async (id) => {
        const own = await take(stranger, ownCall);
        const wentUp = sinceNow(sim);
        const sent = { model: kModel, store: false, input: [outputOf(id)], ...place(own) };
        const { texts, terminal } = await stranger.turn(sent);
        assert.equal(terminal.type, 'error');
        assert.deepEqual(wentUp(), [create(sent)], 'once, and as it was');
        return texts.map((text) => text.replaceAll(id, '<id>'));
      };
      assert.deepEqual(await ask(callId), await ask(neverMade(callId)));
    }
    await assertUnharmed(alice, targets);
  });
}

test('TwoKeysOfOneUserShareConversations', async (t) => {
  const { sim, daemon } = await gateway(t);
  const alice = await enter(t, daemon, 'alice', 'work');
  const { stored, unstored } = await converse(alice);
  const same = await enter(t, daemon, 'alice-too', 'work');
  const next = await take(same, { input: 'And?', previous_response_id: stored.id });
  assert.equal(sim.creates().at(-1).event.previous_response_id, stored.id);
  await take(same, { input: 'And?', previous_response_id: unstored.id, store: false });
  assert.equal(sim.creates().at(-1).event.previous_response_id, unstored.id, 'on the connection that knows it');
  await take(alice, { input: 'Whose was that?', previous_response_id: next.id });

  const elsewhere = await enter(t, daemon, 'alice-too', 'play');
  await take(elsewhere, { input: 'And?', previous_response_id: stored.id });
  const lost = await elsewhere.turn({ model: kModel, input: 'And?', previous_response_id: unstored.id });
  assert.equal(lost.error.code, 'previous_response_not_found', 'nothing of it is kept for another session');
});

// What a vendor keeps by account, whoever made it (docs/decisions.md): whose it is cannot be known, so it is nobody's.
const kNamedByAccount = {
  AConversation: { input: 'And?', conversation: 'conv_of_alice' },
  AConversationAsObject: { input: 'And?', conversation: { id: 'conv_of_alice' } },
  AnItem: { input: [{ type: 'item_reference', id: 'msg_of_alice' }, { role: 'user', content: 'And?' }] },
  AnItemWithoutType: { input: [{ id: 'msg_of_alice' }] },
};

for (const [name, fields] of Object.entries(kNamedByAccount)) {
  test(`WhatTheAccountKeepsIsNobodysToName: ${name}`, async (t) => {
    const { sim, daemon } = await gateway(t);
    const alice = await enter(t, daemon, 'alice', 'work');
    const { error } = await alice.turn({ model: kModel, ...fields });
    assert.deepEqual([error.code, error.param], ['invalid_request', fields.conversation ? 'conversation' : 'input']);
    assert.equal(sim.creates().length, 0);
    await take(alice, { input: 'And without?' });
  });
}

test('WhereThereIsOneTenantItMayNameItsConversations', async (t) => {
  const { daemon } = await gateway(t, { config: { continuity: { unknown_parent: 'forward' } } });
  const alice = await enter(t, daemon, 'alice', 'work');
  const begun = await take(alice, { input: 'Remember 43.', conversation: 'conv_of_alice' });
  const next = await take(alice, { input: 'And?', conversation: 'conv_of_alice' });
  assert.ok(next.usage.input_tokens > begun.usage.total_tokens);
});
