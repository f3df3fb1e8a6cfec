import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';

import { connect } from '../lib/client.mjs';
import { accountOf, baseConfig, merge, startDaemon } from '../lib/daemon.mjs';
import { slowed, waitFor } from '../lib/wait.mjs';
import { connectionsByPath } from './observation.mjs';
import { pathOf } from './stand.mjs';
import { kKinds, kMostRemembered } from './table.mjs';

// The other dimension: the account is unusable, and not through anything that this conversation did (behaviour.md section 4).
// It lives on account a; others use a up, or its key is refused to them, or they fill it, or the operator takes it away.

const kReset = 60;
const kSoon = slowed(15_000); // a turn does not wait for a place that others will have for longer
const kSpoil = { 'x-codex-trouble': 'yes' }; // of the others; goes up with their dials

// rules: what the sim does to the others; change: to account a in the configuration, as an operator.
const kCauses = [
  {
    name: 'used up by another session',
    rules: (path) => [{ match: { path, header: kSpoil }, do: { error: { status: 429, code: 'usage_limit_reached', message: 'No.', headers: { 'retry-after': `${kReset}` } } } }],
    alone: { code: 'rate_limit_exceeded', status: 429 },
  },
  {
    name: 'refused to another session',
    rules: (path) => [{ match: { path, header: kSpoil }, do: { upgrade: { status: 401, body: {} } } }],
    alone: { code: 'no_account_available', status: 503 },
  },
  {
    name: 'filled by another session',
    account: { concurrency: 1 },
    rules: (path) => [{ match: { path, header: kSpoil }, do: { fault: { kind: 'hang', when: 'content:1' } } }],
    isBusy: true,
  },
  { name: 'switched off', change: () => ({ mode: 'off' }) },
  { name: 'removed', change: () => null },
  { name: 'without the model', change: () => ({ models: { 'sim-2': 'sim-2' } }) },
];

export const kUnusable = kCauses.flatMap((cause) =>
  [2, 1].flatMap((accounts) =>
    kKinds
      .filter(() => accounts === 2 || cause.alone)
      .map((kind) => ({ cause, kind, accounts, name: `${cause.name}, ${kind.name}${accounts === 1 ? ', alone' : ''}` })),
  ),
);
kUnusable.forEach((cell, i) => (cell.id = `u${i}`));

const keyOf = (cell) => `tg-matrix-key-of-${cell.id}`;

export const rulesOf = (cell) => cell.cause.rules?.(`${pathOf(cell, 'a')}/responses`) ?? [];

function accountsOf(cell, sims, isChanged) {
  const account = (name, sim, priority) =>
    accountOf(sim, { name: cell.id + name, base_url: `http://${sim.address}${pathOf(cell, name)}`, groups: [cell.id], priority });
  const first = { ...account('a', sims.a, 1), ...cell.cause.account };
  const change = isChanged && cell.cause.change ? cell.cause.change() : {};
  const others = cell.accounts === 2 ? [account('b', sims.b, 2)] : [];
  return change === null ? others : [{ ...first, ...change }, ...others];
}

const configOf = (cells, sims, isChanged) => ({
  accounts: cells.flatMap((cell) => accountsOf(cell, sims, isChanged)),
  groups: cells.map((cell) => ({ name: cell.id })),
  keys: cells.map((cell) => ({ name: cell.id, key: keyOf(cell), group: cell.id })),
  continuity: { chain_max_per_session: kMostRemembered },
  limits: { sockets_per_ip: 10_000 },
  log: { level: 'info' },
});

// All cells at the same time: a turn each, then what others do, then the conversation goes on.
export class UnusableStand {
  #played = new Map();

  static async start(scope, sims) {
    const stand = new UnusableStand();
    stand.scope = scope;
    stand.sims = sims;
    stand.daemon = await startDaemon(scope, { config: configOf(kUnusable, sims, false) });
    return stand;
  }

  async play() {
    await this.#all((cell) => this.#begin(cell));
    await this.#all((cell) => cell.cause.rules && this.#spoil(cell));
    await this.#reload();
    await this.#all((cell) => this.#goOn(cell).catch((error) => (this.#played.get(cell).error = error)));
    for (const { spoiler } of this.#played.values()) spoiler?.drop();
  }

  #all(step) {
    return Promise.all(kUnusable.map(step));
  }

  async #begin(cell) {
    const client = await connect(this.scope, this.daemon.wsUrl, { key: keyOf(cell), headers: { 'session-id': 'own' } });
    this.#played.set(cell, { client, setup: await client.turn(cell.kind.setup) });
  }

  async #spoil(cell) {
    const headers = { 'session-id': 'another', ...kSpoil };
    const spoiler = await connect(this.scope, this.daemon.wsUrl, { key: keyOf(cell), headers });
    this.#played.get(cell).spoiler = spoiler;
    const create = { model: 'sim-1', store: false, input: 'mine' };
    if (!cell.cause.isBusy) return void (await spoiler.turn(create));
    spoiler.create(create);
    await spoiler.nextFrame(({ event }) => event.type.endsWith('.delta'));
  }

  async #reload() {
    const config = merge(baseConfig(this.daemon.home), configOf(kUnusable, this.sims, true));
    const { listen } = baseConfig(this.daemon.home).server;
    await writeFile(this.daemon.configFile, JSON.stringify(merge(config, { server: { listen } }), null, 2));
    const { status, body } = await this.daemon.admin('/api/v1/reload', { method: 'POST' });
    assert.equal(status, 200, JSON.stringify(body));
  }

  async #goOn(cell) {
    const played = this.#played.get(cell);
    const { client, setup, spoiler } = played;
    played.create = cell.kind.create(setup);
    client.create(played.create);
    if (mustWait(cell)) {
      await waitFor(async () => (await this.#accountOf(cell)).waiting === 1, `${cell.name}: the turn to wait`);
      spoiler.drop();
    }
    played.turn = await client.toEnd(undefined, kSoon);
    if (played.turn.error) return;
    played.next = await client.turn({ model: 'sim-1', store: false, input: 'next', previous_response_id: played.turn.id });
  }

  async #accountOf(cell) {
    return (await this.daemon.status()).accounts.find(({ name }) => name === `${cell.id}a`);
  }

  // Of one cell: its ends, and the creates that came to a and to b; two connections have no order.
  observation(cell, transcripts) {
    const { turn, next, setup, create, error } = this.#played.get(cell);
    if (error) throw error;
    const nameIt = (event) => nameOf(event, { create, setup, kind: cell.kind });
    const went = (name) => creates(transcripts[name].get(`${pathOf(cell, name)}/responses`)).map(nameIt).sort();
    return {
      turn: turn.error ? { code: turn.error.code, status: turn.terminal.status } : turn.terminal.type,
      next: next?.terminal.type,
      a: went('a'),
      b: went('b'),
    };
  }
}

// Only there can it go on.
const mustWait = ({ cause, kind }) => cause.isBusy && !kind.isComplete;

// By section 4: on the other account from the whole chain; told that it is lost if that is not known; there may be none.
export function expectationOf(cell) {
  const { cause, kind, accounts } = cell;
  const done = { turn: 'response.completed', next: 'response.completed' };
  const spoilt = cause.rules && !(cause.name.startsWith('refused')) ? ['mine'] : [];
  const beforeSpoilt = ['setup', ...spoilt];
  if (mustWait(cell)) return { ...done, a: [...beforeSpoilt, 'original', 'next'].sort(), b: [] };
  const onB = cause.rules && !cause.isBusy && accounts === 2 ? ['mine'] : []; // the other session is served, too
  if (accounts === 1 || !kind.isComplete) {
    const gone = { code: 'previous_response_not_found', status: 400 };
    return { turn: accounts === 1 ? cause.alone : gone, next: undefined, a: beforeSpoilt.sort(), b: onB };
  }
  return { ...done, a: beforeSpoilt.sort(), b: [...onB, kind.isNew ? 'original' : 'rebuilt', 'next'].sort() };
}

const creates = (connections = []) => connections.flatMap(({ messages }) => messages).map((text) => JSON.parse(text));

function nameOf(event, { create, setup, kind }) {
  const { type, ...fields } = event;
  for (const [name, known] of Object.entries({ setup: kind.setup, original: create }))
    if (isSame(fields, known)) return name;
  if (fields.input === 'mine' || fields.input === 'next') return fields.input;
  const { previous_response_id, ...rest } = create;
  const before = typeof kind.setup.input === 'string' ? [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: kind.setup.input }] }] : kind.setup.input;
  const context = [...before, ...setup.items.map(({ id, status, ...item }) => item), ...create.input];
  return isSame(fields, { ...rest, input: context }) ? 'rebuilt' : JSON.stringify(event).slice(0, 1_000);
}

const isSame = (one, other) => {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
};

export const transcriptsOf = (sims) => ({
  a: connectionsByPath(sims.a.transcript()),
  b: connectionsByPath(sims.b.transcript()),
});
