import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { askPostgres, askSqlite, readBooks } from './lib/books.mjs';
import { isTerminal } from './lib/client.mjs';
import { freeze, thaw } from './lib/freeze.mjs';
import { Mortal } from './lib/mortal.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { Draw } from './lib/random.mjs';
import { startRedis } from './lib/redis.mjs';
import { kQuickWord, Restless } from './lib/restless.mjs';
import { atEnd } from './lib/scope.mjs';
import { startSim } from './lib/sim.mjs';
import { kPatience, pause, slowed, waitFor, within } from './lib/wait.mjs';

// The gateway is killed, at any moment and again and again, while clients take turns. Each response is billed once: what a
// client saw the end of, and of the rest no more than was in the journal at the moment of the kill.
// Everybody has a budget, and at the end each bill counts once: nothing is held or charged beside the sums.
// TURNGATE_KILL_SEED repeats the draws of a run.

const kKills = 50;
const kLanes = [[undefined], [undefined], [undefined, 'a'], [undefined, 'a'], ['a', 'b'], ['a', 'b']]; // of each client
const kPaced = { deltas: 6, deltaIntervalUs: 3000, script: [{ match: { input_contains: kQuickWord }, do: { interval_us: 0 } }] };
const kBudget = 1000; // dollars: nobody is refused
const kLease = slowed(45_000); // what a killed gateway held counts in Redis until its lease has ended
const kLastTurns = 3; // of each lane, with the gateway that nobody kills

const kStatusOf = { 'response.completed': 'completed', 'response.incomplete': 'cancelled' };

// When to kill: how many ms after its start, or after how many events or ends of turns of all clients, and then how many ms.
const kMoments = [
  async ({ draw }) => pause(draw.between(0, 600)),
  async ({ draw, heard }) => heard.events(draw.between(1, 400)),
  async ({ draw, heard }) => heard.ends(draw.between(1, 60)),
  async ({ draw, heard }) => {
    await heard.ends(draw.between(1, 60));
    await pause(draw.between(0, 25)); // journal, fsync, repository
  },
];

// Events of all clients.
class Heard {
  #waiting = new Set(); // {left, isMeant, resolve, reject}

  note(event) {
    for (const wait of this.#waiting) {
      if (!wait.isMeant(event) || --wait.left > 0) continue;
      this.#waiting.delete(wait);
      wait.resolve();
    }
  }

  // There will be no more.
  fail(trouble) {
    this.trouble = trouble;
    this.#waiting.forEach((wait) => wait.reject(trouble));
  }

  events(count) {
    return this.#after(count, () => true, 'events');
  }

  ends(count) {
    return this.#after(count, isTerminal, 'ends of turns');
  }

  #after(left, isMeant, what) {
    if (this.trouble) throw this.trouble;
    const come = new Promise((resolve, reject) => this.#waiting.add({ left, isMeant, resolve, reject }));
    return within(come, `${left} ${what}`);
  }
}

// A gateway with its clients at work. `usage` and `more` are merged over its configuration.
async function openShop(t, draw, usage = {}, more = {}) {
  const sim = await startSim(t, kPaced);
  const names = kLanes.map((_, i) => `client${i}`);
  const keys = names.map((name) => ({ name: `key of ${name}`, key: `key-${name}-0123456789`, user: name, quota_usd: kBudget }));
  const users = names.map((name, i) => ({ name, balance_usd: kBudget, group_multipliers: { default: 1 + i / 10 } }));
  const config = { users, keys, groups: [{ name: 'default' }], usage, log: { level: 'info' }, ...more };
  const mortal = await Mortal.start(t, { upstream: sim, config });
  const heard = new Heard();
  const clients = names.map((name, i) => {
    const own = new Draw(draw.between(0, 2 ** 31));
    const [{ key }, lanes, dial] = [keys[i], kLanes[i], () => mortal.wsUrl];
    return new Restless(t, { name, key, lanes, dial, draw: own, heard: (event) => heard.note(event) });
  });
  atEnd(t, () => clients.forEach((client) => client.rest()));
  const work = Promise.all(clients.map((client) => client.talk()));
  work.catch((trouble) => heard.fail(trouble));
  return { t, sim, mortal, draw, heard, clients, work };
}

const turnsOf = ({ clients }) => clients.flatMap((client) => client.turns);

// The gateway that nobody kills: turns work, and when the clients have left, all is settled and it ends well.
async function closeShop(shop) {
  const { mortal, clients } = shop;
  mortal.startAgain();
  await mortal.daemon.ready();
  const begun = new Map(clients.map((client) => [client, client.turns.length]));
  const hasDone = (client, lane) =>
    client.turns.slice(begun.get(client)).filter((turn) => turn.lane === lane && turn.terminal).length >= kLastTurns;
  const isRecovered = () => clients.every((client) => client.lanes.every((lane) => hasDone(client, lane)));
  while (!isRecovered()) await shop.heard.ends(1);
  clients.forEach((client) => client.rest());
  await within(shop.work, 'the clients to leave');
  await waitFor(async () => (await mortal.daemon.status()).sessions === 0, 'all sessions to end');
  const records = await mortal.daemon.allUsage(turnsOf(shop).filter((turn) => turn.terminal).length);
  await waitFor(() => nothingIsHeld(mortal.daemon), 'no hold and no charge to be left', kLease + kPatience);
  assertBudgetsAgree((await mortal.daemon.admin('/api/v1/balances')).body, records);
  assert.equal(await mortal.daemon.stop(), 0);
  return records;
}

async function nothingIsHeld(daemon) {
  const { users, keys } = (await daemon.admin('/api/v1/balances')).body;
  return [...users, ...keys].every((one) => one.held_nano_usd === 0);
}

function assertBudgetsAgree({ users, keys }, records) {
  const spent = (isOwn) => records.filter(isOwn).reduce((sum, record) => sum + record.cost_nano_usd, 0);
  for (const { user, spent_nano_usd } of users) assert.equal(spent_nano_usd, spent((record) => record.user === user), user);
  for (const { key, used_nano_usd } of keys) assert.equal(used_nano_usd, spent((record) => record.key === key), key);
}

// As its client was told; the gateway makes the id of a response that was cancelled before it had one.
const idOf = (record) => record.upstream_response_id || `resp_${record.turn_id}`;

const show = (thing) => JSON.stringify(thing);

function assertOnce(things, what) {
  const seen = new Set();
  for (const thing of things) {
    assert.ok(!seen.has(thing), `twice: ${what} ${thing}`);
    seen.add(thing);
  }
}

// Each end that a client saw has its record, and one. Returns the records that are left.
function assertSeenAreBilled(records, turns) {
  const byId = Map.groupBy(records, idOf);
  for (const turn of turns.filter(({ terminal }) => terminal)) {
    const { type, response } = turn.terminal;
    assert.ok(kStatusOf[type], `an end that nothing here leads to: ${show(turn)}`);
    const own = byId.get(response.id) ?? [];
    assert.equal(own.length, 1, `${own.length} records of ${show(turn)}: ${show(own)}`);
    const [record] = own;
    assert.deepEqual([record.status, record.user, record.lane], [kStatusOf[type], turn.client, turn.lane ?? ''], show(turn));
    if (type === 'response.completed') assert.equal(record.total_tokens, response.usage.total_tokens, show(turn));
  }
  const seen = new Set(turns.map(({ terminal }) => terminal?.response.id));
  return records.filter((record) => !seen.has(idOf(record)));
}

// What the upstream finished: the tag of the turn by the response's id. On a connection's lane the n-th response is the n-th
// create's. A context that was sent again has old tags, too: the last is its own.
function finishedBy(sim) {
  const place = ({ connection }, lane) => `${connection} ${lane ?? ''}`;
  const creates = Map.groupBy(sim.creates(), (create) => place(create, create.event.stream_id));
  const responses = Map.groupBy(sim.responses(), (entry) => place(entry, entry.response.lane));
  const tags = new Map();
  for (const [where, ended] of responses)
    ended.forEach(({ response }, n) => {
      const { input } = creates.get(where)[n].event;
      if (response.status === 'completed') tags.set(response.id, show(input).match(/client\d+\.turn\d+\./g).at(-1));
    });
  return tags;
}

const isMarked = ({ status }) => status === 'aborted' || status === 'cancelled';

// A record whose end nobody saw is that of a turn that was cut off: marked as aborted or, if its end was in the journal at
// that moment, of a response that the upstream did finish. One for each lane of a lost connection.
function assertRestWasCutOff(records, turns, sim) {
  const finished = finishedBy(sim);
  const cut = new Map(turns.filter(({ terminal }) => !terminal).map((turn) => [turn.tag, turn]));
  const [marked, unseen] = [records.filter(isMarked), records.filter((record) => !isMarked(record))];
  assert.ok(marked.every((record) => record.estimated));
  for (const record of unseen) {
    assert.equal(record.status, 'completed', show(record));
    const tag = finished.get(record.upstream_response_id);
    assert.ok(tag, `the upstream has not finished this: ${show(record)}`);
    assert.ok(cut.has(tag), `a second record of ${tag}: ${show(record)}`);
    assert.deepEqual([record.user, record.lane], [cut.get(tag).client, cut.get(tag).lane ?? ''], show(record));
  }
  const owners = unseen.map((record) => cut.get(finished.get(record.upstream_response_id)));
  assertOnce(owners.map(({ client, lane, connection }) => `${client} ${lane} ${connection}`), 'cut off while it was billed');
  const laneOf = (one) => `${one.user ?? one.client} ${one.lane ?? ''}`;
  const cutOn = Map.groupBy(cut.values(), laneOf);
  for (const [lane, own] of Map.groupBy(records, laneOf))
    assert.ok(own.length <= (cutOn.get(lane)?.length ?? 0), `${own.length} records of turns that were cut off, on ${lane}`);
  return unseen;
}

// What is in the database when nobody writes to it any more.
function assertBooksAgree({ rows, users, keys, letters }, records) {
  assert.deepEqual(letters, []);
  const keyOf = (uid, user, key, cost) => `${uid} ${user} ${key} ${cost}`;
  const shown = records.map((one) => keyOf(one.response_uid, one.user, one.key, one.cost_nano_usd));
  const written = rows.map((row) => keyOf(row.response_uid, row.user_name, row.key_name, row.cost_nano_usd));
  assert.deepEqual(written.sort(), shown.sort(), 'the rows are those that the gateway showed');
  for (const [sums, owner] of [[users, 'user_name'], [keys, 'key_name']]) {
    const expected = {};
    for (const row of rows) expected[row[owner]] = (expected[row[owner]] ?? 0) + row.cost_nano_usd;
    assert.deepEqual({ ...sums }, expected, `balances by ${owner}`);
  }
}

async function audit(shop, ask) {
  const records = await closeShop(shop);
  const { t, sim, mortal } = shop;
  assert.equal((await sim.stats()).responses.error ?? 0, 0, 'the upstream was asked for nothing wrong');
  const turns = turnsOf(shop);
  assertOnce(records.map(({ response_uid }) => response_uid), 'response_uid');
  assertOnce(records.map(({ upstream_response_id }) => upstream_response_id).filter(Boolean), 'upstream_response_id');
  const rest = assertSeenAreBilled(records, turns);
  const unseen = assertRestWasCutOff(rest, turns, sim);
  assertBooksAgree(readBooks(ask), records);
  const seen = turns.filter(({ terminal }) => terminal).length;
  assert.ok(turns.length - seen >= mortal.kills, 'kills hit running turns');
  const without = `${rest.length} without an end that was seen, ${unseen.length} of them completed`;
  t.diagnostic(`${mortal.kills} kills, ${turns.length} turns, ${seen} ends seen, ${records.length} rows, ${without}`);
}

// A failure says which seed repeats the draws.
async function withSeed(run) {
  const seed = Number(process.env.TURNGATE_KILL_SEED ?? randomInt(2 ** 31));
  try {
    await run(new Draw(seed));
  } catch (failure) {
    throw new Error(`with TURNGATE_KILL_SEED=${seed}: ${failure.message}`, { cause: failure });
  }
}

async function killAtAnyMoment(shop, kills) {
  const { mortal, draw } = shop;
  await shop.heard.ends(10);
  await mortal.kill();
  while (mortal.kills < kills) {
    mortal.startAgain();
    await draw.oneOf(kMoments)(shop);
    await mortal.kill();
  }
}

for (const [fsync, kills] of [['5ms', kKills], ['always', 8]])
  test(`BillsEachResponseOnceInSqliteHoweverOftenItIsKilled (fsync: ${fsync})`, { timeout: slowed(120_000) }, (t) =>
    withSeed(async (draw) => {
      const shop = await openShop(t, draw, { journal: { fsync } });
      await killAtAnyMoment(shop, kills);
      await audit(shop, askSqlite(`${shop.mortal.daemon.home}/usage.db`));
    }));

test('BillsEachResponseOnceInPostgresHoweverOftenItIsKilled', { timeout: slowed(120_000) }, (t) =>
  withSeed(async (draw) => {
    const postgres = await startPostgres(t);
    const shop = await openShop(t, draw, { repository: 'postgres', postgres: { url: postgres.url } });
    await killAtAnyMoment(shop, kKills);
    await audit(shop, askPostgres(postgres.url));
  }));

test('BillsEachResponseOnceAndCountsItOnceInRedisHoweverOftenItIsKilled', { timeout: slowed(180_000) }, (t) =>
  withSeed(async (draw) => {
    const redis = await startRedis(t);
    const shop = await openShop(t, draw, {}, { state: redis.stateOf('mortal', { timeout: '5s' }) });
    await killAtAnyMoment(shop, 20);
    await audit(shop, askSqlite(`${shop.mortal.daemon.home}/usage.db`));
  }));

test('LosesNoBillWhenItIsKilledWhilePostgresStandsStill', { timeout: slowed(120_000) }, (t) =>
  withSeed(async (draw) => {
    const postgres = await startPostgres(t);
    atEnd(t, () => thaw(postgres.program));
    const shop = await openShop(t, draw, { repository: 'postgres', postgres: { url: postgres.url } });
    const { mortal, heard } = shop;
    const someTurns = () => heard.ends(draw.between(1, 40));
    for (let round = 0; round < 3; ++round) {
      await someTurns();
      freeze(postgres.program);
      await someTurns();
      await mortal.kill(); // its transactions are left as they are
      mortal.startAgain();
      await someTurns();
      thaw(postgres.program);
      await pause(draw.between(0, 50)); // what the old one left and what the new one writes meet
      await mortal.kill();
      mortal.startAgain();
    }
    await someTurns();
    await mortal.kill();
    await audit(shop, askPostgres(postgres.url));
  }));
