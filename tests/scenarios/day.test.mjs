import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askPostgres, readBooks } from './lib/books.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { connectLean } from './lib/lean.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { Draw } from './lib/random.mjs';
import { startRedis } from './lib/redis.mjs';
import { startSim } from './lib/sim.mjs';
import { kPatience, pause, slowed, waitFor } from './lib/wait.mjs';

// A day's books: fifty users over two gateways that share Redis and PostgreSQL, both of which are restarted at random while keys
// are exchanged and credit is paid in. Then all is there again, and everybody spends what is left. At the end every end that a
// client saw has one bill, the sums are those of the bills, nobody was overdrawn by more than one turn while there was Redis
// (without it each gateway counts by itself: docs/decisions.md), and nothing is held.
// TURNGATE_DAY_TURNS=20000 is the whole day, TURNGATE_DAY_SEED repeats its draws.

const kUsers = 50;
const kTurns = Number(process.env.TURNGATE_DAY_TURNS ?? 1_500); // and then each user spends what is left
const kSeed = Number(process.env.TURNGATE_DAY_SEED ?? 11);
const kUsage = { input_tokens: 100, output_tokens: 1_000, total_tokens: 1_100 };
const kCost = 100 * 1_000 + 1_000 * 10_000; // nano-dollars of a turn
const kCreate = { model: 'sim-1', input: 'x'.repeat(300), store: false, max_output_tokens: 1_000 };
const kPatient = { timeout: '5s', hold_timeout: '5s' }; // a busy machine is no Redis that is away
const kLease = slowed(45_000); // what was charged while Redis was away counts there until its lease has ended

const postJson = (body, method = 'POST') => ({ method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

class Day {
  ends = new Map(); // response id: how many clients saw it end
  turns = 0;
  told = { limited: 0, spent: 0, unavailable: 0, lost: 0 };
  isOver = false; // nothing is restarted any more
  isEvening = false; // nothing is paid in any more

  constructor(t, daemons) {
    this.t = t;
    this.daemons = daemons;
    this.draw = new Draw(kSeed);
    this.keys = 0;
  }

  // By either gateway, as soon as the repository is there.
  admin(path, options) {
    return waitFor(async () => {
      const { status, body } = await this.draw.oneOf(this.daemons).admin(path, options);
      if (status < 300) return body;
      assert.ok([503, 504].includes(status), `${path}: ${status} ${JSON.stringify(body)}`);
    }, `${path} to be done`);
  }

  async makeKey(user) {
    const name = `key ${++this.keys} of ${user}`;
    const { secret } = await this.admin('/api/v1/keys', postJson({ name, user, group: 'default' }));
    return { name, secret };
  }

  payIn(user, usd) {
    return this.admin(`/api/v1/users/${user}/credit`, postJson({ usd: String(usd), note: 'the day goes on' }));
  }

  async exchangeKeys(users) {
    while (!this.isOver) {
      const user = this.draw.oneOf(users);
      const old = user.key;
      user.key = await this.makeKey(user.name);
      await this.admin(`/api/v1/keys/${encodeURIComponent(old.name)}`, { method: 'DELETE' });
      await pause(this.draw.between(100, 600));
    }
  }

  count(event) {
    if (event.type === 'response.completed') {
      this.ends.set(event.response.id, (this.ends.get(event.response.id) ?? 0) + 1);
      ++this.turns;
      return 'done';
    }
    const code = event.error?.code;
    if (code === 'rate_limit_exceeded') return void ++this.told.limited;
    if (code === 'accounting_unavailable' || code === 'no_account_available') return void ++this.told.unavailable;
    if (code === 'invalid_api_key') return 'left';
    assert.equal(code, 'insufficient_quota', JSON.stringify(event));
    ++this.told.spent;
    return 'spent';
  }
}

// One user's client at one gateway. It pays in when there is nothing left, until the evening.
async function work(day, user, daemon) {
  let client = null;
  for (;;) {
    if (!client?.isOpen) {
      client = await connectLean(day.t, daemon.wsUrl, { key: user.key.secret }).catch(() => null);
      if (!client) await pause(50); // a key that the gateway does not know yet, or no more
      if (!client) continue;
    }
    const texts = await client.turn(kCreate).catch(() => null);
    if (!texts) {
      ++day.told.lost;
      continue;
    }
    const end = day.count(JSON.parse(texts.at(-1)));
    if (end === 'left') client.socket.terminate();
    else if (end === 'spent' && day.isEvening) return;
    else if (end === 'spent' && (day.isOver || user.hasPaid)) await pause(100); // what was paid is on its way
    else if (end === 'spent') {
      user.hasPaid = true;
      await day.payIn(user.name, day.draw.between(2, 12) / 100);
    } else if (end === 'done') user.hasPaid = false;
    else await pause(day.draw.between(20, 200));
    if (day.turns >= kTurns) day.isOver = true;
  }
}

// Each is away for a moment, again and again.
async function restart(day, server, stop) {
  let times = 0;
  while (!day.isOver) {
    await pause(day.draw.between(300, 2_500));
    await stop();
    await pause(day.draw.between(0, 700));
    await server.start();
    ++times;
  }
  return times;
}

test('ADaysBooksAreRightWhateverIsRestarted', { timeout: slowed(900_000) }, async (t) => {
  const sim = await startSim(t, { deltas: 2, script: [{ do: { usage: kUsage } }] });
  const [postgres, redis] = [await startPostgres(t), await startRedis(t)];
  const usage = { repository: 'postgres', postgres: { url: postgres.url } };
  const configOf = (name) => ({ usage, state: redis.stateOf(name, kPatient), limits: { sockets_per_key: 1000 }, log: { level: 'info' } });
  const daemons = [];
  for (const name of ['one', 'two']) daemons.push(await startDaemon(t, { upstream: sim, config: configOf(name) }));
  const day = new Day(t, daemons);
  const users = [];
  for (let i = 0; i < kUsers; ++i) {
    const name = `user${i}`;
    await day.admin(`/api/v1/users/${name}`, postJson({ balance_usd: '0.05' }, 'PATCH'));
    users.push({ name, key: await day.makeKey(name) });
  }

  const restarts = [restart(day, redis, () => redis.kill()), restart(day, postgres, () => postgres.stop())];
  const exchange = day.exchangeKeys(users);
  const clients = users.flatMap((user) => daemons.map((daemon) => work(day, user, daemon)));
  const [ofRedis, ofPostgres] = await Promise.all(restarts);
  await exchange;
  const all = async (isSo) => (await Promise.all(daemons.map((daemon) => daemon.status()))).every(isSo);
  await waitFor(() => all(({ store, repository }) => store.healthy && repository.healthy), 'all to be there again');
  await pause(slowed(6_000)); // and each has heard of all: 5 s are promised, and nothing tells
  const rests = () => askPostgres(postgres.url)('SELECT name, credit_nano_usd - spent_nano_usd AS rest FROM users');
  const apart = Math.max(...rests().map(({ rest }) => -rest)); // what came of counting apart
  for (const { name, rest } of rests()) await day.payIn(name, (Math.max(0, -rest) / 1e9 + 0.05).toFixed(9));
  await pause(slowed(6_000));
  day.isEvening = true;
  await Promise.all(clients);

  await waitFor(() => all(({ journal }) => journal.lag_bytes === 0), 'all to settle');
  const books = readBooks(askPostgres(postgres.url));
  const rowsOf = Map.groupBy(askPostgres(postgres.url)('SELECT upstream_response_id FROM usage_records'), (row) => row.upstream_response_id);
  for (const [id, seen] of day.ends) assert.deepEqual([seen, rowsOf.get(id)?.length], [1, 1], id);
  assert.deepEqual(books.letters, []);
  for (const [sums, owner] of [[books.users, 'user_name'], [books.keys, 'key_name']]) {
    const expected = {};
    for (const row of books.rows) expected[row[owner]] = (expected[row[owner]] ?? 0) + row.cost_nano_usd;
    for (const [name, sum] of Object.entries(sums)) assert.equal(sum, expected[name] ?? 0, name);
  }
  const credits = rests();
  const most = Math.max(...credits.map(({ rest }) => -rest));
  const what = `${day.turns} turns, ${books.rows.length} bills, ${day.keys} keys, ${ofRedis} and ${ofPostgres} restarts`;
  t.diagnostic(`${what}, ${JSON.stringify(day.told)}; overdrawn by ${(most / kCost).toFixed(2)} turns, before by ${(apart / kCost).toFixed(2)}`);
  assert.ok(most <= kCost, `overdrawn by ${most / kCost} turns`);
  assert.ok(credits.every(({ rest }) => rest < kCost), 'and what could be spent was');
  const isNothingHeld = async (daemon) => {
    const { users: all, keys } = (await daemon.admin('/api/v1/balances')).body;
    return [...all, ...keys].every((one) => one.held_nano_usd === 0);
  };
  for (const daemon of daemons) await waitFor(() => isNothingHeld(daemon), 'no hold to be left', kLease + kPatience);
});
