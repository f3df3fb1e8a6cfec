import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { stream } from './lib/http.mjs';
import { startSim } from './lib/sim.mjs';

// Agents that send their whole history with each turn, before an account over WebSocket (behaviour.md section 4, continuity.shorten_resends):
// only what is new goes up, and whatever happens to that, the answer is the answer to what was sent.

const kBase = { model: 'sim-1', store: false };
const kSession = { 'session-id': 'agent' };
const kTool = { type: 'function', name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };
const say = (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const assertDone = ({ terminal, error }) => assert.equal(terminal?.type, 'response.completed', JSON.stringify(terminal ?? error));

async function gateway(t, { account = {}, config = {}, ...options } = {}) {
  const sim = await startSim(t, { deltas: 2, ...options });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...config } });
  return { sim, daemon };
}

const kSides = {
  http: async (_, daemon, headers = kSession) => (create) => stream(daemon, create, { headers }),
  websocket: async (t, daemon, headers = kSession) => {
    const client = await connect(t, daemon.wsUrl, { headers });
    return (create) => client.turn(create);
  },
};

// As agents write down what they got: without what the server wrote into it, and without what they do not know.
function asAgents({ id, status, ...item }) {
  if (item.type !== 'message') return item;
  const content = item.content.map(({ annotations, logprobs, ...part }) => part);
  return { content, role: item.role, type: 'message' };
}

// An agent: each turn is its whole history, which `change` may alter before it goes up.
class Agent {
  history = [];

  constructor(send, write = asAgents) {
    Object.assign(this, { send, write });
  }

  async turn(more, fields = {}, change = (items) => items) {
    this.history.push(...more);
    const turn = await this.send({ ...kBase, input: change([...this.history]), ...fields });
    assertDone(turn);
    this.history.push(...turn.terminal.response.output.map(this.write));
    return turn;
  }
}

const agent = async (t, daemon, side, ...more) => new Agent(await kSides[side](t, daemon), ...more);
const creates = (sim) => sim.creates().map(({ event }) => event);
const responses = (sim) => sim.responses().map(({ response }) => response.id);

for (const side of Object.keys(kSides)) {
  describe(`A resent history over ${side}`, { concurrency: 3 }, () => {
    test('GoesUpAsWhatIsNewHoweverLongItIs', async (t) => {
      const { sim, daemon } = await gateway(t);
      const client = await agent(t, daemon, side);
      for (let i = 0; i < 50; ++i) {
        const { events, terminal } = await client.turn([say(`question ${i}`)]);
        for (const { response } of events?.filter((event) => event.response) ?? []) assert.equal(response.previous_response_id, null);
        assert.equal(terminal.response.previous_response_id, null);
      }
      const up = creates(sim);
      const ids = responses(sim);
      assert.equal(up.length, 50);
      assert.deepEqual(up[0].input, [say('question 0')]);
      for (let i = 1; i < 50; ++i) {
        assert.equal(up[i].previous_response_id, ids[i - 1]);
        assert.deepEqual(up[i].input, [say(`question ${i}`)]);
      }
      const sizes = sim.creates().map(({ message }) => message.length);
      assert.ok(sizes[49] - sizes[1] < 10, `${sizes[1]} bytes went up at first, ${sizes[49]} at last`);
      const rows = await daemon.usage(50);
      assert.deepEqual(rows.map(({ reason }) => reason).sort(), ['', ...Array(49).fill('shortened')]);
    });

    test('WithToolCallsAndReasoningToo', async (t) => {
      const script = [
        { times: 1, do: { answer: [{ reasoning: { summary: 'I must look.', encrypted_content: 'sealed' } }, { call: { name: 'get_weather', arguments: '{"city":"Gera"}', call_id: 'call_1' } }] } },
        { times: 1, do: { answer: [{ text: 'Sunny: é "\\/\u2028' }] } },
      ];
      const { sim, daemon } = await gateway(t, { script });
      const client = await agent(t, daemon, side);
      const output = { type: 'function_call_output', call_id: 'call_1', output: '{"sun":true}' };
      await client.turn([say('the weather?')], { tools: [kTool] });
      await client.turn([output], { tools: [kTool] });
      await client.turn([say('thanks')]);
      const up = creates(sim);
      assert.deepEqual(up.map(({ input }) => input), [[say('the weather?')], [output], [say('thanks')]]);
      assert.deepEqual(up.slice(1).map((create) => create.previous_response_id), responses(sim).slice(0, 2));
    });

    test('IsReadHoweverItIsWrittenDown', async (t) => {
      const { sim, daemon } = await gateway(t);
      for (const [i, write] of [
        (item) => item,
        ({ content, role }) => ({ role, content: content.map(({ text }) => text).join('') }),
        ({ content, ...item }) => ({ content, ...item, status: 'completed', id: 'msg_own' }),
      ].entries()) {
        const client = new Agent(await kSides[side](t, daemon, { 'session-id': `agent ${i}` }), write);
        await client.turn([{ role: 'user', content: 'one' }]);
        await client.turn([say('two')], {}, ([first, ...rest]) => [{ ...first, type: 'message' }, ...rest]);
        assert.deepEqual(creates(sim).at(-1).input, [say('two')]);
      }
    });

    // What a client has changed, the model must see changed.
    test('GoesUpWholeWhereAnythingIsAnother', async (t) => {
      const { sim, daemon } = await gateway(t);
      const changes = {
        'a word': (items) => items.with(0, say('another')),
        'an answer': (items) => items.with(1, { ...items[1], content: [{ type: 'output_text', text: 'I said so.' }] }),
        'an item less': (items) => items.slice(1),
        'an item more': (items) => [say('before'), ...items],
        'another order': ([first, second, ...rest]) => [second, first, ...rest],
        'nothing new': (items) => items.slice(0, -1),
      };
      for (const [what, change] of Object.entries(changes)) {
        const client = new Agent(await kSides[side](t, daemon, { 'session-id': what }));
        await client.turn([say('one')]);
        const { terminal } = await client.turn([say('two')], {}, change);
        assert.equal(terminal.response.previous_response_id, null);
        const last = creates(sim).at(-1);
        assert.equal(last.previous_response_id, undefined, what);
        assert.deepEqual(last.input, change(client.history.slice(0, -1)), what);
      }
    });

    test('GoesUpWholeWhereTheTurnIsAnother', async (t) => {
      const { sim, daemon } = await gateway(t, { account: { models: { 'sim-1': 'sim-1', 'sim-2': 'sim-2' } } });
      for (const fields of [{ model: 'sim-2' }, { store: true }]) {
        const client = new Agent(await kSides[side](t, daemon, { 'session-id': JSON.stringify(fields) }));
        await client.turn([say('one')]);
        await client.turn([say('two')], fields);
        assert.equal(creates(sim).at(-1).previous_response_id, undefined);
        assert.equal(creates(sim).at(-1).input.length, 3);
      }
    });

    test('GoesUpWholeWhereTheConnectionHasGone', async (t) => {
      const { sim, daemon } = await gateway(t);
      const client = await agent(t, daemon, side);
      await client.turn([say('one')]);
      await sim.reset();
      await sim.statsOnce((stats) => stats.connections_open === 0, 'the connection to be gone');
      await client.turn([say('two')]);
      assert.equal(creates(sim).at(-1).input.length, 3);
      await client.turn([say('three')]);
      assert.deepEqual(creates(sim).at(-1).input, [say('three')]);
    });

    // The client hears nothing of it: each is a fault of what it has not sent.
    for (const [name, act] of Object.entries({
      'the parent is not found': { error: { status: 400, code: 'previous_response_not_found', message: 'Previous response not found.' } },
      'it is refused': { error: { status: 400, code: 'invalid_value', type: 'invalid_request_error', message: 'Something is wrong.' } },
      'the server fails': { error: { status: 500, code: 'server_error', message: 'Oh.' } },
      'the connection is reset': { fault: { kind: 'reset' } },
      'the connection is reset after response.created': { fault: { kind: 'reset', when: 'created' } },
    }))
      test(`GoesUpWholeWhere ${name}`, async (t) => {
        const { sim, daemon } = await gateway(t, { script: [{ match: { parent: 'memory' }, times: 1, do: act }] });
        const client = await agent(t, daemon, side);
        await client.turn([say('one')]);
        await client.turn([say('two')]);
        const [, shorter, whole] = creates(sim);
        assert.deepEqual(shorter.input, [say('two')]);
        assert.equal(whole.previous_response_id, undefined);
        assert.deepEqual(whole.input, client.history.slice(0, 3));
        await client.turn([say('three')]);
        assert.deepEqual(creates(sim).at(-1).input, [say('three')]);
      });
  });
}

describe('A resent history', { concurrency: 3 }, () => {
  test('GoesUpAsItCameWhereItIsSwitchedOff', async (t) => {
    const { sim, daemon } = await gateway(t, { config: { continuity: { shorten_resends: 'off' } } });
    const client = await agent(t, daemon, 'http');
    await client.turn([say('one')]);
    await client.turn([say('two')]);
    assert.equal(creates(sim).at(-1).input.length, 3);
  });

  test('GoesUpWholeOverHttpWhichKeepsNothing', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { transport: 'http' } });
    const client = await agent(t, daemon, 'http');
    await client.turn([say('one')]);
    await client.turn([say('two')]);
    assert.equal(creates(sim).at(-1).input.length, 3);
  });

  test('IsNobodyElses', async (t) => {
    const { sim, daemon } = await gateway(t, {
      config: {
        users: [{ name: 'a' }, { name: 'b' }],
        keys: [
          { name: 'a', key: 'sk-gw-aaaaaaaaaaaaaaaa', user: 'a', group: 'default' },
          { name: 'b', key: 'sk-gw-bbbbbbbbbbbbbbbb', user: 'b', group: 'default' },
        ],
      },
    });
    const mine = new Agent((create) => stream(daemon, create, { headers: kSession, key: 'sk-gw-aaaaaaaaaaaaaaaa' }));
    await mine.turn([say('one')]);
    const theirs = new Agent((create) => stream(daemon, create, { headers: kSession, key: 'sk-gw-bbbbbbbbbbbbbbbb' }));
    theirs.history = [...mine.history];
    await theirs.turn([say('two')]);
    assert.equal(creates(sim).at(-1).previous_response_id, undefined);
    assert.equal(creates(sim).at(-1).input.length, 3);
  });

  test('ChangesSidesWithoutGoingUpAgain', async (t) => {
    const { sim, daemon } = await gateway(t);
    const sides = [await kSides.http(t, daemon), await kSides.websocket(t, daemon)];
    const client = new Agent();
    for (let i = 0; i < 6; ++i) {
      client.send = sides[i % 2]; // the socket's own last response is never the newest
      await client.turn([say(`question ${i}`)]);
    }
    assert.deepEqual(creates(sim).map(({ input }) => input), [0, 1, 2, 3, 4, 5].map((i) => [say(`question ${i}`)]));
  });
});
