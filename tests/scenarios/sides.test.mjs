import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accountOf, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { clientOf } from './matrix/caller.mjs';

// A conversation may change sides between its turns: WebSocket, HTTP, WebSocket again. Whatever its account speaks and keeps,
// the model has all that was said before it, in order, and nothing twice.

const kWeather = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const kBase = { model: 'sim-1', tools: [kWeather] };
const say = (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });

const kAccounts = {
  'over WebSocket': {},
  'over HTTP': { account: { transport: 'http' }, sim: { websocket: 'off' } },
  'over HTTP that keeps nothing': { account: { transport: 'http', stores: false }, sim: { websocket: 'off', stores: 'off' } },
  'that is found to speak HTTP': { account: { transport: 'auto' }, sim: { websocket: 'off' } },
};

const kWays = [
  ['ws', 'sse', 'ws', 'document', 'sse', 'ws', 'ws'],
  ['document', 'ws', 'sse', 'sse', 'ws', 'document', 'ws'],
  ['sse', 'document', 'ws', 'ws', 'document', 'document', 'sse'],
];

// What the user says turn by turn; where it asks for the weather the next turn answers the call.
const kSaid = ['Hello.', 'What is the weather in Bern?', null, 'And tell me more.', 'What is the weather in Oslo?', null, 'Thank you.'];

// The parts of items that are context, whatever was put in or taken off by whom.
function gist(item) {
  if (item.type === 'function_call') return `call ${item.call_id} ${item.name} ${item.arguments}`;
  if (item.type === 'function_call_output') return `output ${item.call_id} ${item.output}`;
  const text = typeof item.content === 'string' ? item.content : item.content.map((part) => part.text).join('');
  return `${item.role} ${text}`;
}

const itemsOf = (input) => (typeof input === 'string' ? [say(input)] : input);

// What each create made the model read, by the sim's own book: its input behind that of its parent, and of the parent's answer.
function contexts(sim, answers) {
  const known = new Map();
  return sim.creates().map(({ event }, at) => {
    const before = event.previous_response_id ? known.get(event.previous_response_id) : [];
    assert.ok(before, `a parent that the account never made: ${event.previous_response_id}`);
    const context = [...before, ...itemsOf(event.input).map(gist)];
    known.set(answers[at].id, [...context, ...answers[at].items.map(gist)]);
    return context;
  });
}

// A socket without a session has never heard of what was said elsewhere; told so, clients send all of it again.
const isForgotten = (turn) => turn.error?.code === 'previous_response_not_found';

// One conversation; `next` makes a turn's fields of what is new in it and of what there is. The contexts as they should be.
async function converse(t, daemon, way, headers, next) {
  const clients = {};
  const history = [];
  const answers = [];
  const wanted = [];
  for (const [at, side] of way.entries()) {
    clients[side] ??= await clientOf(t, { client: side }, daemon, { headers });
    const last = answers.at(-1);
    const fresh = kSaid[at] === null ? last.calls.map(({ call_id }) => ({ type: 'function_call_output', call_id, output: `rain at ${at}` })) : [say(kSaid[at])];
    assert.ok(fresh.length > 0, 'a call to be answered');
    let turn = await clients[side].turn({ ...kBase, ...next(fresh, history, last) });
    if (isForgotten(turn) && side === 'ws' && way[at - 1] !== 'ws' && !headers['session-id'])
      turn = await clients[side].turn({ ...kBase, store: false, input: [...history.map(withoutMarks), ...fresh] });
    assert.equal(turn.terminal.type, 'response.completed', `turn ${at} by ${side}: ${JSON.stringify(turn.error)}`);
    history.push(...fresh);
    wanted.push(history.map(gist));
    history.push(...turn.items);
    answers.push(turn);
  }
  return { answers, wanted };
}

const withoutMarks = ({ id, status, ...item }) => item;

const kManners = {
  'names its parents': (store) => (fresh, history, last) => ({ store, input: fresh, previous_response_id: last?.id ?? null }),
  'sends all of it each time': (store) => (fresh, history) => ({ store, input: [...history.map(withoutMarks), ...fresh] }),
  // As Codex does when it goes back to WebSocket.
  'names its parents now and then': (store) => (fresh, history, last) =>
    history.length % 3 === 0 ? { store, input: [...history.map(withoutMarks), ...fresh] } : { store, input: fresh, previous_response_id: last.id },
};

function* conversations() {
  for (const [manner, fieldsOf] of Object.entries(kManners))
    for (const store of [false, true])
      for (const isNamed of [true, false])
        for (const way of kWays)
          yield { name: `${manner}${store ? ', stored' : ''}${isNamed ? ', with its session' : ''}: ${way.join(' ')}`, fields: fieldsOf(store), isNamed, way };
}

for (const [where, { account = {}, sim: options = {} }] of Object.entries(kAccounts))
  test(`AConversationChangesSidesOnAnAccount${where.replace(/(^|\s)(\w)/g, (_, __, letter) => letter.toUpperCase())}`, async (t) => {
    const sim = await startSim(t, { deltas: 2, ...options });
    const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], log: { level: 'info' } } });
    const all = { answers: [], wanted: [] };
    for (const { name, fields, isNamed, way } of conversations())
      await t.test(name, async (inner) => {
        const { answers, wanted } = await converse(inner, daemon, way, isNamed ? { 'session-id': name } : {}, fields);
        all.answers.push(...answers);
        all.wanted.push(...wanted);
        assert.deepEqual(contexts(sim, all.answers).slice(-way.length), wanted);
      });
    const rows = await daemon.usage(all.answers.length);
    assert.deepEqual(rows.map((row) => row.upstream_response_id), all.answers.map(({ id }) => id), 'a bill for each');
  });
