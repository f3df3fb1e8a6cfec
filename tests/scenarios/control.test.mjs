import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';

import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import {
  cameType,
  connectAs,
  connectionsOf,
  createsOf,
  headerOf,
  roundTrip,
  speaking,
  textsOf,
  transcriptOf,
  typesOf,
} from './lib/named.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// protocol.md sections 2.2 to 2.4, 6 and 10.5: what a client may say to a response while it runs.

const kQuick = 5000; // where a failure is that nothing comes

const kCallId = 'call_which';
const kCall = { call: { name: 'ask_user', arguments: { question: 'Which?' }, call_id: kCallId } };
const kOutput = { type: 'function_call_output', call_id: kCallId, output: 'The red one.' };

// What inputs bring about as the second turn of a conversation; when all of it is sent anew, they bring about nothing.
const kActs = {
  'until told': { fault: { kind: 'hang', when: 'content:2' } },
  'at length': { deltas: 40, interval_us: 15_000 },
  'in four pieces': { deltas: 4, interval_us: 400_000 },
  'Ask, and wait': { answer: [kCall, { wait_for_outputs: true }, { text: 'The red one, then.' }] },
  'Ask, and stop': { answer: [kCall, { text: 'I have asked.', delay_ms: 1000 }] },
  'then freeze': { fault: { kind: 'half_open', when: 'content:2' } },
  'break off': { fault: { kind: 'reset' } },
};
const kHungDials = ['dialing', 'dialing for lane a'];
const kScript = [
  ...kHungDials.map((name) => ({ match: { header: headerOf(name) }, times: 1, do: { upgrade: { hang: true } } })),
  ...Object.entries(kActs).map(([text, act]) => ({ match: { input_contains: text, parent: 'memory' }, do: act })),
];

const scope = { after };
const upstream = await startSim(scope, { script: kScript });
const laneless = await startSim(scope, { script: kScript, lanes: 'off' });

// An account is chosen by the model that it alone has. All of them could be steered, by their model.
const account = (sim, model, more = {}) =>
  accountOf(sim, { name: model, models: { [model]: 'gpt-6-sim' }, concurrency: 200, ...more });
const kNarrowKey = 'tg-test-narrow-0123456789';
const config = {
  accounts: [
    account(upstream, 'full'),
    account(upstream, 'creates-only', { control_events: false }),
    account(laneless, 'one-by-one', { lanes: false }),
    account(laneless, 'one-by-one-steered', { lanes: false, control_events: true }),
  ],
  users: [{ name: 'wide' }, { name: 'narrow', concurrency: 1 }],
  keys: [{ name: 'dev', key: kKey, user: 'wide' }, { name: 'narrow', key: kNarrowKey, user: 'narrow' }],
  pricing: { unknown_model: 'sim-1' },
};
const daemon = await startDaemon(scope, { config });
const stopped = await startDaemon(scope, { config });

const kSimOf = { full: upstream, 'creates-only': upstream, 'one-by-one': laneless, 'one-by-one-steered': laneless };
const kBeta = { 'openai-beta': 'responses_multi_agent=v1' };

// Where control events are understood, and where the gateway answers them itself.
const kCapable = [['full', undefined], ['full', 'main'], ['one-by-one-steered', 'main']];
const kIncapable = [['creates-only', undefined], ['creates-only', 'main'], ['one-by-one', undefined], ['one-by-one', 'main']];

// A conversation on one lane, whose second turn runs: one that talks has spoken, one that asks has asked.
class Talk {
  static async begin(t, name, { model = 'full', lane, input = 'Talk until told.', headers, from = daemon, ...options } = {}) {
    const talk = new Talk();
    Object.assign(talk, { name, lane, sim: kSimOf[model], fields: { model, store: false, stream_id: lane } });
    talk.client = await connectAs(t, from, name, { headers, ...options });
    talk.first = await talk.turn('first');
    talk.create(input, talk.first.id);
    if (input.startsWith('Talk')) talk.id = await speaking(talk.client, lane);
    if (input.startsWith('Ask')) talk.id = await talk.asking();
    return talk;
  }

  async asking() {
    await this.came('response.output_item.done');
    return (await this.came('response.created')).response.id;
  }

  create(input, parent) {
    this.client.create({ ...this.fields, input, previous_response_id: parent });
  }

  async turn(input, parent) {
    this.create(input, parent);
    return this.toEnd();
  }

  toEnd(patience) {
    return this.client.toEnd(this.lane, patience);
  }

  steer(input, id = this.id) {
    this.client.send({ type: 'response.steer', previous_response_id: id, input });
  }

  interrupt(id = this.id) {
    this.client.send({ type: 'response.interrupt', response_id: id, mode: 'discard_partial_items' });
  }

  inject(input, id = this.id) {
    this.client.send({ type: 'response.inject', response_id: id, input });
  }

  cancel(fields = { stream_id: this.lane }) {
    this.client.send({ type: 'response.cancel', ...fields });
  }

  came(type) {
    return cameType(this.client, this.lane, type);
  }

  // The next event of its type, on this lane or, where nothing says to which it belongs, on none.
  async next(type) {
    const event = await this.client.next(type);
    assert.equal(event.stream_id, this.lane, `${type} is on its lane`);
    return event;
  }

  reset() {
    return this.sim.reset(connectionsOf(this.sim, this.name).at(-1));
  }

  creates() {
    return createsOf(this.sim, this.name);
  }

  types() {
    return typesOf(this.sim, this.name);
  }

  assertNothingUnread() {
    assert.deepEqual(this.client.unread(), []);
  }
}

function assertWhole(turn, lane) {
  assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
  assert.ok(turn.events.every((event) => event.stream_id === lane), `all on lane ${lane}`);
}

function assertIncomplete(turn, reason, lane) {
  assert.equal(turn.terminal.type, 'response.incomplete', JSON.stringify(turn.terminal));
  assert.equal(turn.response.incomplete_details.reason, reason);
  assert.ok(turn.events.every((event) => event.stream_id === lane), `all on lane ${lane}`);
}

function assertGivenBack(event, input, target) {
  assert.equal(event.type, 'response.steer.failed');
  assert.deepEqual(event.steer.input, input);
  assert.equal(event.steer.previous_response_id, target);
  assert.ok(event.error.code && event.error.message && event.error.type);
}

// The bills of a client that gave its name as its user agent, the oldest first.
function bills(name, count) {
  return waitFor(async () => {
    const rows = (await daemon.usage(count)).filter((row) => row.user_agent === name);
    return rows.length >= count && rows;
  }, `${count} bills of ${name}`);
}

const where = ([model, lane]) => `${model}, ${lane ?? 'default lane'}`;

describe('A response that is steered', { concurrency: 4 }, () => {
  for (const [model, lane] of kCapable) {
    test(`IsFollowedByASuccessorWithoutACreate (${where([model, lane])})`, async (t) => {
      const name = `steer ${where([model, lane])}`;
      const talk = await Talk.begin(t, name, { model, lane, headers: { 'user-agent': name } });
      talk.steer('Make it short.');
      const target = await talk.toEnd();
      assertIncomplete(target, 'steered', lane);
      const accepted = target.events.find((event) => event.type === 'response.steer.accepted');
      assert.equal(accepted.steer.previous_response_id, talk.id);
      const successor = await talk.toEnd();
      assertWhole(successor, lane);
      assert.equal(successor.types[0], 'response.created');
      assert.equal(successor.response.previous_response_id, talk.id);
      assert.ok(successor.text.includes('Make it short.'));

      const third = await talk.turn('third', successor.id);
      assertWhole(third, lane);
      assert.equal(talk.creates().at(-1).event.previous_response_id, successor.id, 'by id');
      assert.deepEqual(talk.types().filter((type) => type !== 'response.create'), ['response.steer']);
      assert.equal(talk.creates().length, 3, 'none for the successor');
      assert.equal(connectionsOf(talk.sim, name).length, 1);
      talk.assertNothingUnread();

      const rows = await bills(name, 4);
      assert.deepEqual(rows.map((row) => row.upstream_response_id), [talk.first.id, talk.id, successor.id, third.id]);
      const [, ofTarget, ofSuccessor, ofThird] = rows;
      assert.deepEqual([ofTarget.status, ofTarget.reason, ofSuccessor.status], ['incomplete', 'steered', 'completed']);
      assert.equal(ofTarget.turn_id, ofSuccessor.turn_id, 'one create, two responses');
      assert.notEqual(ofThird.turn_id, ofSuccessor.turn_id);
      for (const [row, { usage }] of [[ofTarget, target], [ofSuccessor, successor]]) {
        assert.deepEqual([row.input_tokens, row.output_tokens], [usage.input_tokens, usage.output_tokens]);
        assert.deepEqual([row.estimated, row.lane], [false, lane ?? '']);
        assert.ok(row.cost_nano_usd > 0);
      }
    });

    test(`GoesOnWithItsSuccessorWhenTheConnectionIsLost (${where([model, lane])})`, async (t) => {
      const talk = await Talk.begin(t, `steer and lose ${where([model, lane])}`, { model, lane });
      const items = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Make it größer.' }] }];
      talk.steer(items);
      const target = await talk.toEnd();
      const successor = await talk.toEnd();
      await talk.reset();
      const next = await talk.turn('next', successor.id);
      assertWhole(next, lane);
      const create = talk.creates().at(-1);
      assert.equal(create.event.previous_response_id, undefined);
      const said = [target.items[0].content[0].text, 'Make it größer.', successor.text];
      assert.deepEqual(textsOf(create), ['first', talk.first.text, 'Talk until told.', ...said, 'next']);
      assertWhole(await talk.turn('on', next.id), lane);
      talk.assertNothingUnread();
    });
  }

  test('TakesAllThatWasSaidMeanwhile', async (t) => {
    const talk = await Talk.begin(t, 'two steers', { input: 'Ask, and wait.', headers: kBeta, lane: 'a' });
    talk.steer('One more thing.');
    talk.steer([{ role: 'user', content: 'And another.' }]);
    const accepted = () => talk.client.unread().filter((event) => event.type === 'response.steer.accepted');
    await waitFor(() => accepted().length === 2, 'both to be accepted');
    talk.inject([kOutput]);
    const target = await talk.toEnd();
    assertWhole(target, 'a'); // it came to its own end
    const successor = await talk.toEnd();
    assertWhole(successor, 'a');
    assert.equal(successor.response.previous_response_id, talk.id);
    assert.ok(successor.usage.input_tokens > target.usage.total_tokens);
    assertWhole(await talk.turn('on', successor.id), 'a');
    talk.assertNothingUnread();
  });

  for (const lane of [undefined, 'a'])
    test(`AndWaitsForOutputsKeepsItForTheNextCreate (${lane ?? 'default lane'})`, async (t) => {
      const talk = await Talk.begin(t, `pending ${lane}`, { input: 'Ask, and stop.', lane });
      const asked = await pending(talk, 'Take another. '.repeat(40));
      const next = await talk.turn([kOutput], asked.id);
      assertWhole(next, lane);
      assert.ok(next.usage.input_tokens > asked.usage.total_tokens + 140, 'with what was said meanwhile');
      assert.equal(talk.creates().at(-1).event.previous_response_id, asked.id);
      assertWhole(await talk.turn('on', next.id), lane);
      talk.assertNothingUnread();
    });

  const kPendingLost = 'AndWaitsForOutputsDoesNotForgetItWithItsConnection';
  test(kPendingLost, async (t) => {
    const talk = await Talk.begin(t, 'pending and lost', { input: 'Ask, and stop.' });
    const asked = await pending(talk, 'Take another.');
    await talk.reset();
    const next = await talk.turn([kOutput], asked.id);
    if (next.error) assert.equal(next.error.code, 'previous_response_not_found'); // the client sends it all again
    else assert.ok(textsOf(talk.creates().at(-1)).includes('Take another.'), 'what was steered is not lost silently');
  });

  const kPendingThenLost = 'GoesOnAfterThePendingInputWasUsedWhenTheConnectionIsLost';
  test(kPendingThenLost, async (t) => {
    const talk = await Talk.begin(t, 'pending, used and lost', { input: 'Ask, and stop.' });
    const asked = await pending(talk, 'Take another.');
    const next = await talk.turn([kOutput], asked.id);
    await talk.reset();
    const last = await talk.turn('last', next.id);
    if (last.error) assert.equal(last.error.code, 'previous_response_not_found');
    else assert.ok(textsOf(talk.creates().at(-1)).includes('Take another.'));
    assertWhole(await talk.turn('anew'));
  });

  // Steers a response that stops for a tool's output: the input waits upstream.
  async function pending(talk, input) {
    talk.steer(input);
    const asked = await talk.toEnd();
    assertWhole(asked, talk.lane);
    assert.ok(asked.types.includes('response.steer.accepted'));
    const event = await talk.next('response.steer.pending');
    assert.deepEqual(event.required_input, [{ type: 'function_call_output', call_id: kCallId, name: 'ask_user' }]);
    return asked;
  }
});

describe('A steer that fails', { concurrency: 4 }, () => {
  test('BecauseNothingOfThatIdRunsIsGivenBack', async (t) => {
    const talk = await Talk.begin(t, 'no target');
    const other = await Talk.begin(t, 'no target, the other');
    for (const target of ['resp_unheard_of', talk.first.id, other.id])
      for (const input of ['more "text"', [{ role: 'user', content: 'more' }]]) {
        talk.steer(input, target);
        const failed = await talk.client.next('response.steer.failed');
        assertGivenBack(failed, input, target);
        assert.equal(failed.error.code, 'response_not_found');
      }
    for (const one of [talk, other]) assert.ok(!one.types().includes('response.steer'), 'nothing went up');
    talk.interrupt();
    assertIncomplete(await talk.toEnd(), 'interrupted');
    talk.assertNothingUnread();
  });

  for (const [model, lane] of kCapable) {
    test(`BecauseItsConnectionIsLostUnansweredIsGivenBack (${where([model, lane])})`, async (t) => {
      const talk = await Talk.begin(t, `steer unanswered ${where([model, lane])}`, { model, lane, input: 'Talk, then freeze.' });
      talk.steer('Make it short.');
      await roundTrip(talk.client);
      await talk.reset();
      assertGivenBack(await talk.next('response.steer.failed'), 'Make it short.', talk.id);
      const lost = await talk.toEnd();
      assert.deepEqual([lost.error.code, lost.terminal.stream_id], ['upstream_disconnected', lane]);
      assertWhole(await talk.turn('next', talk.first.id), lane);
      talk.assertNothingUnread();
    });

    test(`BecauseTheConnectionIsLostBeforeItsSuccessorIsGivenBack (${where([model, lane])})`, async (t) => {
      const talk = await Talk.begin(t, `successor lost ${where([model, lane])}`, { model, lane });
      talk.steer('Now break off.');
      const target = await talk.toEnd();
      assertIncomplete(target, 'steered', lane);
      assertGivenBack(await talk.next('response.steer.failed'), 'Now break off.', talk.id);
      const next = await talk.turn('next', target.id);
      assertWhole(next, lane);
      assert.deepEqual(textsOf(talk.creates().at(-1)).slice(2), ['Talk until told.', target.items[0].content[0].text, 'next']);
      talk.assertNothingUnread();
    });

    test(`BecauseTheConnectionIsLostAfterItWasTakenIsGivenBack (${where([model, lane])})`, async (t) => {
      const talk = await Talk.begin(t, `taken and lost ${where([model, lane])}`, { model, lane, input: 'Ask, and wait.' });
      talk.steer('Make it short.');
      await talk.came('response.steer.accepted');
      await talk.reset();
      assertGivenBack(await talk.next('response.steer.failed'), 'Make it short.', talk.id);
      assert.equal((await talk.toEnd()).error.code, 'upstream_disconnected');
      assertWhole(await talk.turn('next', talk.first.id), lane);
      talk.assertNothingUnread();
    });
  }
});

describe('An interrupt', { concurrency: 4 }, () => {
  for (const [model, lane] of kCapable)
    test(`GoesUpWhereItIsUnderstood (${where([model, lane])})`, async (t) => {
      const name = `interrupt ${where([model, lane])}`;
      const talk = await Talk.begin(t, name, { model, lane, headers: { 'user-agent': name } });
      talk.interrupt();
      const stopped = await talk.toEnd();
      assertIncomplete(stopped, 'interrupted', lane);
      const accepted = stopped.events.find((event) => event.type === 'response.interrupt.accepted');
      assert.equal(accepted.response_id, talk.id);
      assert.ok(stopped.types.includes('response.output_item.interrupted'));
      assert.ok(talk.types().includes('response.interrupt'));
      const [, row] = await bills(name, 2);
      assert.deepEqual([row.status, row.reason, row.estimated], ['incomplete', 'interrupted', false]);
      assert.equal(row.output_tokens, stopped.usage.output_tokens);

      const next = await talk.turn('next', talk.id);
      assertWhole(next, lane);
      assert.equal(talk.creates().at(-1).event.previous_response_id, talk.id);
      assert.equal(connectionsOf(talk.sim, name).length, 1);
      await talk.reset();
      const last = await talk.turn('last', next.id);
      assertWhole(last, lane);
      assert.deepEqual(textsOf(talk.creates().at(-1)), ['first', talk.first.text, 'Talk until told.', 'next', next.text, 'last']);
      talk.assertNothingUnread();
    });

  for (const [model, lane] of kIncapable)
    test(`IsAnsweredByTheGatewayElsewhere (${where([model, lane])})`, async (t) => {
      const name = `interrupt ${where([model, lane])}`;
      const talk = await Talk.begin(t, name, { model, lane, headers: { 'user-agent': name } });
      talk.interrupt();
      const stopped = await talk.toEnd();
      assertIncomplete(stopped, 'interrupted', lane);
      assert.equal(stopped.response.id, talk.id);
      const accepted = stopped.events.find((event) => event.type === 'response.interrupt.accepted');
      assert.deepEqual([accepted.response_id, typeof accepted.sequence_number], [talk.id, 'number']);
      assert.ok(!talk.types().includes('response.interrupt'), 'nothing went up');
      const [, row] = await bills(name, 2);
      assert.deepEqual([row.status, row.reason, row.estimated], ['cancelled', 'interrupted', true]);
      assert.ok(row.output_tokens > 0);

      const next = await talk.turn('next', talk.id);
      assertWhole(next, lane);
      assert.deepEqual(textsOf(talk.creates().at(-1)), ['first', talk.first.text, 'Talk until told.', 'next']);
      assertWhole(await talk.turn('last', next.id), lane);
      talk.assertNothingUnread();
    });

  const kTooLate = 'ThatComesTooLateIsNoError';
  for (const model of ['full', 'one-by-one'])
    test(`${kTooLate} (${model})`, async (t) => {
      const talk = await Talk.begin(t, `interrupt too late (${model})`, { model, input: 'second' });
      const done = await talk.toEnd();
      assertWhole(done);
      talk.interrupt(done.id); // its completion is the answer: an error would end what the client does next
      await roundTrip(talk.client);
      talk.assertNothingUnread();
      assertWhole(await talk.turn('next', done.id));
    });

  test('OfNothingThatIsKnownIsAnError', async (t) => {
    const talk = await Talk.begin(t, 'interrupt nothing');
    talk.interrupt('resp_unheard_of');
    const told = await talk.client.next('error');
    assert.deepEqual([told.status, told.error.code, told.error.param], [400, 'invalid_request', 'response_id']);
    assert.ok(!talk.types().includes('response.interrupt'));
    talk.interrupt();
    assertIncomplete(await talk.toEnd(), 'interrupted');
    talk.assertNothingUnread();
  });
});

describe('An inject', { concurrency: 4 }, () => {
  for (const [model, lane] of kCapable)
    test(`BringsOutputsIntoTheRunningResponse (${where([model, lane])})`, async (t) => {
      const name = `inject ${where([model, lane])}`;
      const talk = await Talk.begin(t, name, { model, lane, input: 'Ask, and wait.', headers: kBeta });
      talk.inject([kOutput]);
      const done = await talk.toEnd();
      assertWhole(done, lane);
      assert.equal(done.events.find((event) => event.type === 'response.inject.created').response_id, talk.id);
      assert.ok(done.text.includes('The red one, then.'));
      const { upgrade } = transcriptOf(talk.sim, name).find((entry) => entry.upgrade);
      assert.ok(upgrade.headers.some(([key, value]) => key.toLowerCase() === 'openai-beta' && value === kBeta['openai-beta']));
      assertWhole(await talk.turn('next', done.id), lane);
      talk.assertNothingUnread();
    });

  test('WithoutATargetIsGivenBack', async (t) => {
    const talk = await Talk.begin(t, 'inject nowhere', { headers: kBeta });
    const other = await Talk.begin(t, 'inject nowhere, the other', { headers: kBeta });
    for (const target of ['resp_unheard_of', talk.first.id, other.id]) {
      talk.inject([kOutput], target);
      const failed = await talk.client.next('response.inject.failed');
      assert.deepEqual([failed.error.code, failed.response_id, failed.input], ['response_not_found', target, [kOutput]]);
    }
    for (const one of [talk, other]) assert.ok(!one.types().includes('response.inject'), 'nothing went up');
    talk.interrupt();
    assertIncomplete(await talk.toEnd(), 'interrupted');
    talk.assertNothingUnread();
  });

  const kNoBeta = 'WithoutTheBetaHeaderHarmsNothingThatRuns';
  for (const lane of [undefined, 'a'])
    test(`${kNoBeta} (${lane ?? 'default lane'})`, async (t) => {
      const talk = await Talk.begin(t, `inject without beta ${lane}`, { lane, input: 'Talk at length.' });
      talk.inject([kOutput]);
      assert.equal((await talk.client.next('error')).status, 400);
      talk.create('next', talk.first.id);
      const done = await talk.toEnd(kQuick);
      assertWhole(done, lane);
      assert.equal(done.response.id, talk.id);
      const next = await talk.toEnd(kQuick);
      assertWhole(next, lane);
      assert.ok(next.text.includes('next'), 'its own answer');
      talk.assertNothingUnread();
    });
});

describe('A control event that cannot be understood', { concurrency: 4 }, () => {
  for (const [model, lane] of kIncapable)
    test(`ByTheAccountIsRefusedAndHarmsNothing (${where([model, lane])})`, async (t) => {
      const options = { model, lane, input: 'Talk at length.', headers: kBeta };
      const talk = await Talk.begin(t, `unsupported ${where([model, lane])}`, options);
      for (const send of [() => talk.steer('more'), () => talk.inject([kOutput])]) {
        send();
        const told = await talk.client.next('error');
        assert.deepEqual([told.status, told.error.code, told.error.param], [400, 'unsupported_event', 'type']);
        assert.equal(told.stream_id, lane);
      }
      const done = await talk.toEnd();
      assertWhole(done, lane);
      assert.deepEqual(new Set(talk.types()), new Set(['response.create']));
      assertWhole(await talk.turn('next', done.id), lane);
      talk.assertNothingUnread();
    });

  test('BecauseASteerNamesALaneIsRefused', async (t) => {
    const talk = await Talk.begin(t, 'steer with a lane', { lane: 'main' });
    talk.client.send({ type: 'response.steer', previous_response_id: talk.id, input: 'more', stream_id: 'main' });
    const told = await talk.client.next('error');
    assert.deepEqual([told.status, told.error.param], [400, 'stream_id']);
    assert.ok(!talk.types().includes('response.steer'));
    talk.steer('Make it short.');
    assertIncomplete(await talk.toEnd(), 'steered', 'main');
    assertWhole(await talk.toEnd(), 'main');
    talk.assertNothingUnread();
  });

  const isRefusal = ({ event }) => event?.type === 'error' || event?.type === 'response.steer.failed';

  const kStrange = 'ByTheUpstreamHarmsNothingThatRuns';
  for (const lane of [undefined, 'a'])
    test(`${kStrange} (${lane ?? 'default lane'})`, async (t) => {
      const talk = await Talk.begin(t, `strange ${lane}`, { lane });
      const strange = [
        { type: 'response.steer', previous_response_id: talk.id, input: 'more', metadata: {} },
        { type: 'response.interrupt', response_id: talk.id, mode: 'unheard_of' },
        { type: 'response.inject', response_id: talk.id, input: [kOutput] },
      ];
      for (const event of strange) {
        talk.client.send(event);
        await talk.client.nextFrame(isRefusal, kQuick);
      }
      talk.interrupt();
      const stopped = await talk.toEnd(kQuick);
      assertIncomplete(stopped, 'interrupted', lane);
      assert.equal(stopped.response.id, talk.id);
      assertWhole(await talk.turn('next', talk.id), lane);
      talk.assertNothingUnread();
    });
});

describe('A cancel', { concurrency: 4 }, () => {
  for (const [model, lane] of [...kCapable, ...kIncapable])
    for (const by of ['response', 'lane'])
      test(`ByItsEndsWhatRuns (${by}, ${where([model, lane])})`, async (t) => {
        const name = `cancel by ${by} ${where([model, lane])}`;
        const talk = await Talk.begin(t, name, { model, lane, headers: { 'user-agent': name } });
        talk.cancel(by === 'lane' ? { stream_id: lane } : { response_id: talk.id });
        const stopped = await talk.toEnd();
        assertIncomplete(stopped, 'interrupted', lane);
        assert.equal(stopped.response.id, talk.id);
        const [, row] = await bills(name, 2);
        assert.deepEqual([row.status, row.reason, row.estimated], ['cancelled', 'interrupted', true]);
        const next = await talk.turn('next', talk.id);
        assertWhole(next, lane);
        assertWhole(await talk.turn('last', next.id), lane);
        assert.ok(!talk.types().includes('response.cancel'), 'no upstream knows it');
        talk.assertNothingUnread();
      });

  for (const lane of [undefined, 'a'])
    test(`OfNothingIsAnErrorAndNoMore (${lane ?? 'default lane'})`, async (t) => {
      const talk = await Talk.begin(t, `cancel nothing ${lane}`, { lane, input: 'second' });
      const done = await talk.toEnd();
      for (const [fields, param] of [[{ stream_id: lane }, null], [{ stream_id: lane, response_id: done.id }, 'response_id']]) {
        talk.cancel(fields);
        const told = await talk.next('error');
        assert.deepEqual([told.status, told.error.code, told.error.param], [400, 'invalid_request', param]);
      }
      assertWhole(await talk.turn('next', done.id), lane);
      talk.assertNothingUnread();
    });

  test('OfOneLaneIsNotOfAnother', async (t) => {
    const talk = await Talk.begin(t, 'cancel another', { lane: 'a' });
    for (const fields of [{}, { stream_id: 'b' }]) {
      talk.cancel(fields);
      assert.equal((await talk.client.next('error')).stream_id, fields.stream_id);
    }
    talk.cancel();
    assertIncomplete(await talk.toEnd(), 'interrupted', 'a');
    talk.assertNothingUnread();
  });

  test('OfAnothersResponseIsAnError', async (t) => {
    const [talk, other] = [await Talk.begin(t, 'cancel a stranger'), await Talk.begin(t, 'a stranger')];
    talk.cancel({ response_id: other.id });
    assert.equal((await talk.client.next('error')).error.param, 'response_id');
    for (const one of [talk, other]) {
      one.cancel({ response_id: one.id });
      assertIncomplete(await one.toEnd(), 'interrupted');
      one.assertNothingUnread();
    }
  });

  for (const name of kHungDials)
    test(`WhileItsConnectionIsDialedEndsTheTurn (${name})`, async (t) => {
      const client = await connectAs(t, daemon, name);
      const lane = name.includes('lane a') ? 'a' : undefined;
      const fields = { model: 'full', store: false, stream_id: lane };
      client.create({ ...fields, input: 'x' });
      await waitFor(() => connectionsOf(upstream, name).length === 1, 'the dial');
      client.send({ type: 'response.cancel', stream_id: lane });
      assertIncomplete(await client.toEnd(lane), 'interrupted', lane);
      const done = await client.turn({ ...fields, input: 'y' });
      assertWhole(done, lane);
      assert.deepEqual(createsOf(upstream, name).map(({ event }) => event.input), ['y']);
      assert.deepEqual(client.unread(), []);
    });

  for (const lane of [undefined, 'a'])
    test(`WhileItWaitsForASlotEndsTheTurn (${lane ?? 'default lane'})`, async (t) => {
      const name = `slot ${lane}`;
      const busy = await holder(t);
      const client = await connectAs(t, daemon, name, { key: kNarrowKey });
      const fields = { model: 'full', store: false, stream_id: lane };
      client.create({ ...fields, input: 'x' });
      await roundTrip(client);
      client.send({ type: 'response.cancel', stream_id: lane });
      assertIncomplete(await client.toEnd(lane), 'interrupted', lane);
      busy.cancel();
      await busy.toEnd();
      assertWhole(await client.turn({ ...fields, input: 'y' }), lane);
      assert.deepEqual(createsOf(upstream, name).map(({ event }) => event.input), ['y']);
      assert.deepEqual(client.unread(), []);
      await busy.client.close();
    });

  // Has the one slot of its user. One after the other.
  let last = Promise.resolve();
  async function holder(t) {
    const before = last;
    let release;
    last = new Promise((resolve) => (release = resolve));
    t.after(() => release());
    await before;
    return Talk.begin(t, 'the holder', { key: kNarrowKey });
  }

  test('OfASuccessorEndsIt', async (t) => {
    const talk = await Talk.begin(t, 'cancel a successor', { lane: 'a' });
    talk.steer('Now talk until told, too.');
    assertIncomplete(await talk.toEnd(), 'steered', 'a');
    const id = await speaking(talk.client, 'a');
    talk.cancel({ response_id: id });
    const stopped = await talk.toEnd();
    assertIncomplete(stopped, 'interrupted', 'a');
    assert.equal(stopped.response.id, id);
    const next = await talk.turn('next', id);
    assertWhole(next, 'a');
    assert.equal(textsOf(talk.creates().at(-1)).at(-2), 'Now talk until told, too.');
    talk.assertNothingUnread();
  });
});

describe('Control events overtake creates that wait', { concurrency: 4 }, () => {
  for (const lane of [undefined, 'a']) {
    const name = lane ?? 'default lane';
    const waiting = ['one', 'two', 'three'];

    async function crowded(t, what) {
      const talk = await Talk.begin(t, `overtake with ${what}, ${name}`, { lane });
      for (const input of waiting) talk.create(input);
      return talk;
    }

    async function assertRest(talk) {
      for (const input of waiting) assert.ok((await talk.toEnd()).text.includes(input));
      assert.deepEqual(talk.creates().slice(2).map(({ event }) => event.input), waiting);
      talk.assertNothingUnread();
    }

    test(`AnInterrupt (${name})`, async (t) => {
      const talk = await crowded(t, 'interrupt');
      talk.interrupt();
      assertIncomplete(await talk.toEnd(), 'interrupted', lane);
      await assertRest(talk);
    });

    test(`ACancel (${name})`, async (t) => {
      const talk = await crowded(t, 'cancel');
      talk.cancel();
      assertIncomplete(await talk.toEnd(), 'interrupted', lane);
      await assertRest(talk);
    });

    test(`ASteerAndItsSuccessor (${name})`, async (t) => {
      const talk = await crowded(t, 'steer');
      talk.steer('Make it short.');
      assertIncomplete(await talk.toEnd(), 'steered', lane);
      assert.ok((await talk.toEnd()).text.includes('Make it short.'));
      await assertRest(talk);
    });
  }
});

// The daemon is stopped in the middle: what the client says then has crossed the end of the response.
describe('What crosses the end of its response', () => {
  async function crossing(t, name, send) {
    const talk = await Talk.begin(t, name, { from: stopped, lane: 'a', input: 'second' });
    const second = await talk.toEnd();
    talk.client.create({ ...talk.fields, stream_id: 'b', input: 'x' });
    const neighbour = await talk.client.toEnd('b');
    talk.client.create({ ...talk.fields, stream_id: 'b', input: 'Talk until told.', previous_response_id: neighbour.id });
    talk.neighbour = await speaking(talk.client, 'b');
    talk.create('Talk in four pieces.', second.id);
    talk.id = await speaking(talk.client, 'a');
    t.after(() => stopped.signal('SIGCONT'));
    stopped.signal('SIGSTOP');
    await waitFor(() => isHalted(stopped.pid), 'it to stop');
    send(talk);
    await waitFor(() => transcriptOf(upstream, name).some(({ response }) => response?.id === talk.id), 'its end upstream');
    stopped.signal('SIGCONT');
    const done = await talk.toEnd();
    assertWhole(done, 'a');
    return { talk, done };
  }

  const isHalted = (pid) => /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

  const kSteer = 'ASteerIsGivenBackOnceAndHoldsUpNobody';
  test(kSteer, async (t) => {
    const { talk, done } = await crossing(t, 'crossing steer', (it) => it.steer('more'));
    talk.create('next', done.id);
    assertWhole(await talk.toEnd(kQuick), 'a');
    const failed = talk.client.frames.map((frame) => frame.event).filter(({ type }) => type === 'response.steer.failed');
    assert.equal(failed.length, 1);
    assertGivenBack(failed[0], 'more', talk.id);
    assert.notEqual(failed[0].stream_id, 'b', 'not on a lane that it does not concern');
  });

  const kInterrupt = 'AnInterruptIsNoError';
  test(kInterrupt, async (t) => {
    const { talk, done } = await crossing(t, 'crossing interrupt', (it) => it.interrupt());
    assertWhole(await talk.turn('next', done.id), 'a');
    assert.ok(!talk.client.unread().some((event) => event.type === 'error'));
    talk.interrupt(talk.neighbour);
    assertIncomplete(await talk.client.toEnd('b'), 'interrupted', 'b');
  });
});
