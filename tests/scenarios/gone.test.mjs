import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// behaviour.md sections 3, 5 and 7: whatever a client waits for, and however it goes away, it is noticed at once, its upstream
// is cancelled, all it held is free for the next, and it pays for what went up, and for no more.

const kPing = 500; // pool.ping_interval, and how long a client may take to answer
const kAtOnce = 1000;
const kClosing = 1000; // a closing handshake's deadline

// How a client goes, and within how many ms that is noticed. `isSilent`: it only stops to answer pings.
const kWays = [
  { name: 'a close frame', within: kAtOnce, go: (client) => client.socket.close(1000) },
  { name: 'FIN', within: kAtOnce, go: (client) => tcpOf(client).end() },
  { name: 'RST', within: kAtOnce, go: (client) => tcpOf(client).resetAndDestroy() },
  { name: 'silence', within: 2 * kPing + kAtOnce, go: (client) => (client.isSilent = true) },
];
const tcpOf = (client) => client.socket._socket; // ws has no public way to half-close or reset

const kScript = [
  { match: { header: { 'x-client-request-id': 'hang' } }, do: { upgrade: { hang: true } } },
  { match: { input_contains: 'think about it' }, do: { delay_ms: 600_000 } },
  { match: { input_contains: 'begin and stop' }, do: { fault: { kind: 'hang', when: 'created' } } },
  { match: { input_contains: 'stop before the end' }, do: { fault: { kind: 'hang', when: 'terminal' } } },
  { match: { input_contains: 'a long story' }, do: { deltas: 3000, interval_us: 10_000 } },
  { match: { input_contains: 'everything at once' }, do: { deltas: 3000, delta_bytes: 8192 } },
];

const create = (client, input, fields = {}) => client.create({ model: 'sim-1', store: false, input, ...fields });

// All that it has sent so far was looked at.
async function settled(client) {
  client.send({ type: 'is.anybody.there' });
  await client.nextFrame(({ event }) => event.type === 'error' && event.error.message.includes('is.anybody.there'));
}

async function hear(client, type, lane) {
  await client.nextFrame(({ event }) => event.type === type && event.stream_id === lane);
}

async function tellStory(client) {
  create(client, 'a long story');
  await hear(client, 'response.output_text.delta');
}

const kNames = Array.from({ length: 20 }, (_, i) => `lane-${i}`);

// What a client waits for when it goes. `wait` brings one there that has just come. `turns`: how many of its creates have
// become turns by then; `bills`: how many of them went up, and are paid for; `hears`: they were being answered. Where it
// waits for what another client has, that is the `holder`.
const kPhases = [
  {
    name: 'behind a running turn of its lane',
    turns: 1,
    bills: 1,
    hears: true,
    async wait(client) {
      await tellStory(client);
      create(client, 'behind it');
      await settled(client);
    },
  },
  {
    name: 'for a slot of its user',
    user: { concurrency: 1 },
    turns: 1,
    bills: 0,
    holder: true,
    async wait(client) {
      create(client, 'me too');
      await settled(client);
    },
  },
  {
    name: 'for a slot of the account',
    account: { concurrency: 1 },
    turns: 1,
    bills: 0,
    holder: true,
    async wait(client, stand) {
      create(client, 'me too');
      await stand.accountOnce(this, (account) => account.waiting === 1);
    },
  },
  {
    name: 'for its upstream to be dialed',
    headers: { 'x-client-request-id': 'hang' },
    turns: 1,
    bills: 0,
    async wait(client, stand) {
      const before = stand.upgrades(this).length;
      create(client, 'hello');
      await waitFor(() => stand.upgrades(this).length > before, 'the dial to arrive');
    },
  },
  {
    name: 'for anything to come back',
    turns: 1,
    bills: 1,
    async wait(client, stand) {
      const before = stand.creates(this).length;
      create(client, 'think about it');
      await waitFor(() => stand.creates(this).length > before, 'the create to arrive');
    },
  },
  {
    name: 'for content',
    turns: 1,
    bills: 1,
    async wait(client) {
      create(client, 'begin and stop');
      await hear(client, 'response.created');
    },
  },
  {
    name: 'for the rest of its answer',
    turns: 1,
    bills: 1,
    hears: true,
    wait: tellStory,
  },
  {
    name: 'for itself, as it does not read',
    turns: 1,
    bills: 1,
    hears: true,
    async wait(client, { daemon }) {
      const before = await daemon.metric('turngate_backpressure_pauses_total');
      client.stopReading();
      create(client, 'everything at once');
      await daemon.metricOnce('turngate_backpressure_pauses_total', (n) => n > before);
    },
  },
  {
    name: 'for the terminal event',
    turns: 1,
    bills: 1,
    hears: true,
    async wait(client) {
      create(client, 'stop before the end');
      await hear(client, 'response.output_item.done');
    },
  },
  {
    name: 'for sixteen lanes and those behind them',
    turns: 16,
    bills: 16,
    hears: true,
    async wait(client) {
      for (const name of kNames) create(client, 'a long story', { stream_id: name });
      for (const name of kNames.slice(0, 16)) await hear(client, 'response.output_text.delta', name);
    },
  },
];

const secretOf = (phase) => `tg-test-${phase.name}`.replaceAll(' ', '-');
const pathOf = (phase) => phase.name.replaceAll(' ', '-');

// One gateway and one upstream for all, and in them for each phase a group, account, user and key of its own.
class Stand {
  static async start(t, phases, usage = {}) {
    const stand = new Stand();
    stand.sim = await startSim(t, { script: kScript });
    stand.daemon = await startDaemon(t, { config: { ...configFor(stand.sim, phases), usage } });
    return stand;
  }

  // A client that answers pings until `isSilent`.
  async enter(t, phase, headers = {}) {
    const client = await connect(t, this.daemon.wsUrl, { key: secretOf(phase), autoPong: false, headers });
    client.socket.on('ping', (data) => client.isSilent || client.socket.pong(data));
    return client;
  }

  async account(phase) {
    return (await this.daemon.status()).accounts.find(({ name }) => name === phase.name);
  }

  accountOnce(phase, isSo) {
    return waitFor(async () => isSo(await this.account(phase)), `the account to be as ${isSo}`);
  }

  upgrades(phase) {
    return this.sim.upgrades().filter(({ upgrade }) => upgrade.target === `/v1/${pathOf(phase)}/responses`);
  }

  // What the upstream saw of it on all of the phase's connections.
  of(phase, entries) {
    const numbers = new Set(this.upgrades(phase).map(({ connection }) => connection));
    return entries.filter(({ connection }) => numbers.has(connection));
  }

  creates(phase) {
    return this.of(phase, this.sim.creates());
  }

  ended(phase) {
    return this.daemon.logged('turn ended').filter(({ key }) => key === phase.name);
  }

  rows(phase, count) {
    return this.daemon.usage(count, `key=${encodeURIComponent(phase.name)}`);
  }
}

function configFor(sim, phases) {
  return {
    groups: phases.map(({ name }) => ({ name })),
    accounts: phases.map((phase) => ({
      name: phase.name,
      base_url: `${sim.url}/${pathOf(phase)}`,
      api_key: sim.key,
      groups: [phase.name],
      ...phase.account,
    })),
    users: phases.map(({ name, user }) => ({ name, ...user })),
    keys: phases.map((phase) => ({ name: phase.name, key: secretOf(phase), user: phase.name, group: phase.name })),
    pool: { ping_interval: `${kPing}ms` },
    relay: { hold_lifecycle: '100ms', max_buffer: '256KiB' },
  };
}

// A client of the phase goes; gives when. Its turns end, and with them its upstream connection.
async function goAway(t, stand, phase, way) {
  const turns = stand.ended(phase).length;
  const ends = stand.of(phase, stand.sim.ends()).length;
  const client = await stand.enter(t, phase, phase.headers);
  await phase.wait(client, stand);
  assert.equal(stand.ended(phase).length, turns, 'it was in its turn when it went');
  const left = Date.now();
  way.go(client);
  await waitFor(() => stand.ended(phase).length >= turns + phase.turns, 'its turns to end');
  for (const { outcome, fault, ts } of stand.ended(phase).slice(turns)) {
    assert.deepEqual([outcome, fault], ['aborted', 'client_gone']);
    const took = Date.parse(ts) - left;
    assert.ok(took < slowed(way.within), `noticed after ${took} ms`);
  }
  return { ends };
}

// Its upstream connection was closed by the gateway before any of its responses had ended.
async function assertCancelled(stand, phase, { ends }) {
  if (phase.bills === 0) return assert.equal(stand.of(phase, stand.sim.ends()).length, ends, 'it had none');
  await waitFor(() => stand.of(phase, stand.sim.ends()).length > ends, 'its connection to end', slowed(kAtOnce + kClosing));
  const [{ connection, end }, ...more] = stand.of(phase, stand.sim.ends()).slice(ends);
  assert.deepEqual([end.side, more], ['client', []]);
  assert.deepEqual(stand.sim.responses().filter((entry) => entry.connection === connection), []);
}

async function assertReleased(stand, phase) {
  const left = phase.holder ? 1 : 0; // the holder's
  await stand.accountOnce(phase, ({ running, leased, waiting, connections }) =>
    running === left && leased === left && waiting === 0 && connections === left);
}

async function assertIsServed(next) {
  const turn = await next.toEnd();
  assert.equal(turn.terminal.type, 'response.completed', turn.texts.at(-1));
  assert.deepEqual(next.unread(), []);
}

// The rows since there were `before`: of who left, of the holder, of the next client.
async function assertBilled(stand, phase, before, { free = false } = {}) {
  const count = phase.bills + (phase.holder ? 1 : 0) + 1;
  const rows = (await stand.rows(phase, before + count)).slice(before);
  assert.equal(rows.length, count);
  const next = rows.pop();
  assert.deepEqual([next.status, next.estimated, next.attempts], ['completed', false, 1]);
  assert.ok(phase.holder || next.queue_ms < slowed(kAtOnce), `it waited for ${next.queue_ms} ms`);
  for (const row of rows) {
    assert.deepEqual([row.status, row.reason, row.estimated, row.attempts], ['aborted', 'client_gone', true, 1]);
    const hears = Boolean(phase.hears || phase.holder);
    assert.equal(row.input_tokens > 0, !free);
    assert.equal(row.output_tokens > 0, hears && !free);
    assert.equal(row.cost_nano_usd > 0, !free);
    if (free) assert.equal(row.total_tokens, 0);
  }
}

// A client waits in the phase and goes; then another comes.
async function play(t, stand, phase, way, billing) {
  const before = (await stand.rows(phase, 0)).length;
  const holder = phase.holder && (await stand.enter(t, phase));
  if (holder) await tellStory(holder);
  const gone = await goAway(t, stand, phase, way);
  await assertCancelled(stand, phase, gone);
  await assertReleased(stand, phase);

  const next = await stand.enter(t, phase);
  create(next, 'and now?');
  if (holder) {
    await settled(next);
    holder.drop();
  }
  await assertIsServed(next);
  await next.close();
  await assertBilled(stand, phase, before, billing);
  const others = stand.creates(phase).filter(({ event }) => /^(me too|behind it|hello)$/.test(event.input));
  assert.deepEqual(others, [], 'what waited was never sent');
}

async function assertNothingIsLeft(stand) {
  const { daemon } = stand;
  await waitFor(async () => (await daemon.status()).sessions === 0, 'the sessions to end');
  await daemon.metricOnce('turngate_turns_running', (n) => n === 0);
  await daemon.metricOnce('turngate_upstream_connections', (n) => n === 0);
  for (const account of (await daemon.status()).accounts) {
    const { name, running, waiting, connections, leased, parked } = account;
    assert.deepEqual({ running, waiting, connections, leased, parked },
      { running: 0, waiting: 0, connections: 0, leased: 0, parked: 0 }, name);
  }
}

test('AClientMayGoAtAnyMomentInAnyWay', { concurrency: 3 }, async (t) => {
  const stand = await Stand.start(t, kPhases);
  const playAll = async (phase) => {
    for (const way of kWays) {
      const name = `waiting ${phase.name}, it goes by ${way.name}`;
      await t.test(name, (inner) => play(inner, stand, phase, way));
    }
  };
  await Promise.all(kPhases.map(playAll));
  await assertNothingIsLeft(stand);
  await t.test('no account is charged for it', async () => {
    for (const { name, faults, cooling_s: cooling, credentials_refused: refused } of (await stand.daemon.status()).accounts)
      assert.deepEqual([faults, cooling, refused], [0, 0, false], name);
  });
});

test('WhoGoesPaysNothingWhereAbortedTurnsAreFree', { concurrency: 3 }, async (t) => {
  const phases = kPhases.filter(({ bills }) => bills > 0);
  const stand = await Stand.start(t, phases, { aborted_turns: 'free' });
  const rst = kWays.find(({ name }) => name === 'RST');
  const playOne = (phase) => t.test(`waiting ${phase.name}`, (inner) => play(inner, stand, phase, rst, { free: true }));
  await Promise.all(phases.map(playOne));
  await assertNothingIsLeft(stand);
});

test('ASocketBesideItOfTheSameSessionIsUnharmed', async (t) => {
  const [phase] = kPhases;
  const stand = await Stand.start(t, [phase]);
  const [a, b] = [await stand.enter(t, phase, { 'session-id': 'mine' }), await stand.enter(t, phase, { 'session-id': 'mine' })];
  create(b, 'answer me');
  const first = await b.toEnd();
  await tellStory(a);
  create(b, 'answer me again', { previous_response_id: first.id });
  a.drop();
  const second = await b.toEnd();
  assert.equal(second.terminal.type, 'response.completed');
  assert.ok(second.usage.input_tokens > first.usage.total_tokens);
  await stand.accountOnce(phase, ({ running, connections }) => running === 0 && connections === 1);
  const back = await stand.enter(t, phase, { 'session-id': 'mine' });
  create(back, 'here I am');
  assert.equal((await back.toEnd()).terminal.type, 'response.completed');
  const rows = await stand.rows(phase, 4);
  assert.deepEqual(rows.map((row) => row.status).sort(), ['aborted', 'completed', 'completed', 'completed']);
});
