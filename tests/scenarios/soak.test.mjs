import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startDaemon } from './lib/daemon.mjs';
import { connectLean } from './lib/lean.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed } from './lib/wait.mjs';

// Ten thousand turns over connections of which every hundredth create resets one, before any content (behaviour.md section 5).
// Nobody notices: each turn is looked at from both sides and on the bill.

const kClients = 50;
const kTurns = 200; // of each, in one conversation
const kLeastMended = 50; // a hundred are to be expected

const kResets = ['before', 'created'].map((when) => ({ probability: 0.005, do: { fault: { kind: 'reset', when } } }));

// Enough attempts that no turn is ever given up: five resets in a row come once in 10^10 turns.
const kConfig = { recovery: { max_attempts: 5, budget: '1m' }, log: { level: 'info' } };

const weatherOf = (place) => ({
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string', enum: [place] } }, required: ['city'] },
});

// One client's conversation: what it says next, and all that was said. `store` and `hasTools` are its kind.
class Conversation {
  said = []; // turns: {tag, input, id, items, usage}

  constructor(name, { store, hasTools }) {
    Object.assign(this, { name, store, hasTools });
  }

  get last() {
    return this.said.at(-1);
  }

  next() {
    const tag = `${this.name}.turn${this.said.length}.`;
    const fields = { model: 'sim-1', store: this.store, input: this.#say(tag) };
    if (this.hasTools) fields.tools = [weatherOf(tag)];
    if (this.last) fields.previous_response_id = this.last.id;
    return { tag, fields };
  }

  // Text, as a string and as an item; in conversations with tools a question and the output of the call it leads to.
  #say(tag) {
    const call = this.last?.items[0];
    if (call?.type === 'function_call')
      return [{ type: 'function_call_output', call_id: call.call_id, output: `{"of":"${tag}"}` }];
    const text = this.hasTools ? `The weather in ${tag}?` : `I am ${tag}`;
    return this.said.length % 2 === 0 ? text : [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }];
  }

  note(tag, input, turn) {
    const { id, usage } = turn.response;
    this.said.push({ tag, input, id, items: turn.items, usage });
  }

  // What the upstream must be sent where it has no parent: everything up to the turn, without what a server wrote into it.
  contextOf(turn) {
    const before = this.said.slice(0, this.said.indexOf(turn));
    if (before.length === 0) return turn.input;
    return [...before.flatMap(({ input, items }) => [...asItems(input), ...items.map(asSent)]), ...asItems(turn.input)];
  }
}

const asItems = (input) =>
  typeof input === 'string' ? [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }] : input;

const asSent = ({ id, status, ...item }) => item;

// The events of a turn that nothing has happened to, in order and complete: {response, items}.
function readTurn(texts) {
  const events = texts.map((text) => JSON.parse(text));
  const terminal = events.at(-1);
  assert.equal(terminal.type, 'response.completed', texts.at(-1));
  assert.deepEqual(events.map((event) => event.sequence_number), [...events.keys()]);
  assert.equal(events.filter((event) => event.type === 'response.created').length, 1);
  assert.equal(events[0].response.id, terminal.response.id);
  const items = events.filter((event) => event.type === 'response.output_item.done').map((event) => event.item);
  assert.deepEqual(items, terminal.response.output);
  const said = events.map((event) => event.delta ?? '').join('');
  assert.equal(said, items[0].content?.[0].text ?? items[0].arguments);
  return { response: terminal.response, items };
}

// The answer quotes what was asked in this very turn.
function assertAnswers(tag, input, [item]) {
  const asked = asItems(input)[0];
  if (asked.type === 'function_call_output') assert.ok(item.content[0].text.startsWith(`The tool says: {"of":"${tag}"}`));
  else if (item.type === 'function_call') assert.deepEqual(JSON.parse(item.arguments), { city: tag });
  else assert.ok(item.content[0].text.startsWith(`You said: ${asked.content[0].text}`));
}

async function converse(client, conversation) {
  while (conversation.said.length < kTurns) {
    const { tag, fields } = conversation.next();
    const turn = readTurn(await client.turn(fields));
    assertAnswers(tag, fields.input, turn.items);
    conversation.note(tag, fields.input, turn);
  }
}

// The sim's tokens are four bytes of the input's JSON.
const tokensOf = (input) => Math.ceil(Buffer.byteLength(JSON.stringify(input)) / 4);

// All creates of one turn: each had the whole context, by its parent or in full. Returns what the last of them cost.
function assertContext(conversation, turn, creates) {
  const previous = conversation.said[conversation.said.indexOf(turn) - 1];
  for (const create of creates) {
    const parent = create.previous_response_id;
    if (parent !== undefined) assert.equal(parent, previous.id);
    assert.deepEqual(create.input, parent === undefined ? conversation.contextOf(turn) : turn.input);
    if (conversation.store) assert.equal(parent, previous?.id, 'stored, it is never sent again');
  }
  const last = creates.at(-1);
  const known = last.previous_response_id === undefined ? 0 : previous.usage.total_tokens;
  assert.equal(turn.usage.input_tokens, known + tokensOf(last.input));
}

// Tags are the last thing an input says.
function tagOf(create) {
  const tags = JSON.stringify(create.input).match(/client\d+\.turn\d+\./g);
  return tags.at(-1);
}

function assertUpstreamSaw(sim, conversations, rows) {
  const creates = Map.groupBy(sim.creates().map((create) => create.event), tagOf);
  const attempts = new Map(rows.map((row) => [row.upstream_response_id, row.attempts]));
  for (const conversation of conversations)
    for (const turn of conversation.said) {
      const own = creates.get(turn.tag);
      assert.equal(own.length, attempts.get(turn.id), `attempts of ${turn.tag}`);
      assertContext(conversation, turn, own);
    }
  assert.equal(creates.size, kClients * kTurns);
}

function assertBilled(rows, conversations) {
  const turns = conversations.flatMap((conversation) => conversation.said);
  assert.equal(rows.length, turns.length);
  const byId = new Map(rows.map((row) => [row.upstream_response_id, row]));
  assert.equal(byId.size, turns.length, 'a row for each response');
  assert.equal(new Set(rows.map((row) => row.response_uid)).size, turns.length);
  for (const { id, usage } of turns) {
    const row = byId.get(id);
    assert.equal(row.status, 'completed');
    assert.deepEqual([row.input_tokens, row.output_tokens], [usage.input_tokens, usage.output_tokens]);
  }
  const sum = (all, column) => all.reduce((total, one) => total + one[column], 0);
  assert.equal(sum(rows, 'total_tokens'), sum(turns.map((turn) => turn.usage), 'total_tokens'));
}

test('TenThousandTurnsOverBreakingConnectionsAreAllAnsweredRightAndBilledOnce', { timeout: slowed(170_000) }, async (t) => {
  const sim = await startSim(t, { script: kResets, seed: 20_000, deltas: 4, deltaBytes: 24 });
  const daemon = await startDaemon(t, { upstream: sim, config: kConfig });
  const kinds = Array.from({ length: kClients }, (_, i) => ({ store: i % 2 === 0, hasTools: i % 5 === 0 }));
  const conversations = kinds.map((kind, i) => new Conversation(`client${i}`, kind));
  const clients = await Promise.all(conversations.map(() => connectLean(t, daemon.wsUrl)));

  const begun = Date.now();
  await Promise.all(clients.map((client, i) => converse(client, conversations[i])));
  t.diagnostic(`${(Date.now() - begun) / 1000} s`);

  assert.ok(clients.every((client) => client.isOpen), 'nobody was sent away');
  assert.deepEqual(clients.flatMap((client) => client.strays), [], 'nothing came between turns');
  const rows = await daemon.allUsage(kClients * kTurns);
  assertBilled(rows, conversations);
  assertUpstreamSaw(sim, conversations, rows);
  const mended = rows.filter((row) => row.attempts > 1);
  t.diagnostic(`${mended.length} turns were mended`);
  assert.ok(mended.length >= kLeastMended, `only ${mended.length} turns were mended`);
  assert.ok(mended.every((row) => row.retry_reason === 'upstream_lost'));
});
