import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { kKey, startDaemon } from './lib/daemon.mjs';
import { roundTrip } from './lib/named.mjs';
import { startRedis } from './lib/redis.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// Whatever becomes of Redis, no turn fails and none is held up: a gateway that misses it works by itself, says so in its
// status, and shares again soon after it is back.

// Promises that are not kept yet, by their tests' names. Must be empty.
const kKnown = [];
const it = (name, body) => test(name, { todo: kKnown.includes(name) }, body);

const kBase = { model: 'sim-1', store: true };
const kHeld = { match: { input_contains: 'hold' }, do: { fault: { kind: 'hang', when: 'created' } } };
const kTimeout = 250; // of an operation. By default 50 ms: on a busy machine, with sanitizers, a loop alone may need that
const kLongestTurn = slowed(1_500); // it asks for a rate, a slot and its session
const kBackWithin = slowed(10_000);

// Slots, rates and sessions: all that a turn asks Redis for.
const kConfig = {
  users: [{ name: 'u', concurrency: 50 }, { name: 'narrow', concurrency: 2 }],
  keys: [
    { name: 'dev', key: kKey, user: 'u', rpm: 1_000_000, tpm: 1_000_000_000 },
    { name: 'narrow', key: 'tg-test-of-a-narrow-user', user: 'narrow' },
  ],
};
const kNarrow = { key: kConfig.keys[1].key };

// Two gateways before one sim.
async function gateways(t, { starts = true, timeout = kTimeout } = {}) {
  const [sim, redis] = await Promise.all([startSim(t, { script: [kHeld], deltaIntervalUs: 1_000 }), startRedis(t, { starts })]);
  const stateOf = (instance) => redis.stateOf(instance, { timeout: `${timeout}ms` });
  const start = (instance) => startDaemon(t, { upstream: sim, config: { ...kConfig, state: stateOf(instance) } });
  const daemons = await Promise.all([start('one'), start('two')]);
  if (starts) await Promise.all(daemons.map((daemon) => isBack(daemon)));
  return { sim, redis, daemons };
}

const storeOf = async (daemon) => (await daemon.status()).store;

async function isBack(daemon) {
  await waitFor(
    async () => {
      const { loops, loops_up: up, healthy } = await storeOf(daemon);
      return loops === 2 && up === loops && healthy;
    },
    'every loop to have found Redis',
    kBackWithin,
  );
}

async function isAlone(daemon) {
  await waitFor(async () => (await storeOf(daemon)).loops_up === 0, 'every loop to miss Redis');
  assert.equal((await storeOf(daemon)).healthy, false);
}

// Conversations that go on until end(): each of its own session, on both gateways.
class Traffic {
  turns = 0;
  longest = 0;
  #isOver = false;

  static async begin(t, daemons) {
    const traffic = new Traffic();
    const clients = await Promise.all(
      [...Array(6).keys()].map((i) => connect(t, daemons[i % 2].wsUrl, { headers: { 'session-id': `session-${i}` } })),
    );
    traffic.all = Promise.all(clients.map((client, i) => traffic.#talk(client, `client ${i}`)));
    traffic.all.catch(() => {}); // end() tells
    return traffic;
  }

  async #talk(client, name) {
    let last;
    for (let i = 0; !this.#isOver; ++i) {
      const since = Date.now();
      const turn = await client.turn({ ...kBase, input: `${name} turn ${i}`, previous_response_id: last?.id });
      assert.equal(turn.terminal.type, 'response.completed', `${name} turn ${i}: ${JSON.stringify(turn.terminal)}`);
      this.longest = Math.max(this.longest, Date.now() - since);
      ++this.turns;
      last = turn;
    }
  }

  // So many more turns ended.
  async more(count) {
    const enough = this.turns + count;
    await Promise.race([this.all, waitFor(() => this.turns >= enough, `${count} more turns`)]);
  }

  async end() {
    this.#isOver = true;
    await this.all;
    assert.ok(this.longest < kLongestTurn, `a turn took ${this.longest} ms`);
  }
}

// What one gateway learns is known to the other, and slots are counted together.
async function assertShared(t, { sim, redis, daemons }, name) {
  const [here, there] = await Promise.all(daemons.map((daemon) => connect(t, daemon.wsUrl)));
  const first = await here.turn({ ...kBase, input: 'begin' });
  await waitFor(async () => (await redis.command('EXISTS', `tg:1:{tenant:default/u}:r:${first.id}`)) === 1, 'the response in Redis');
  const second = await there.turn({ ...kBase, input: 'go on', previous_response_id: first.id });
  assert.equal(second.terminal.type, 'response.completed', JSON.stringify(second.terminal));
  await assertSlotsAreShared(t, { sim, daemons }, name);
}

async function begin(t, daemon, input) {
  const client = await connect(t, daemon.wsUrl, kNarrow);
  client.create({ ...kBase, input });
  await roundTrip(client);
  return client;
}

const hasBegun = (sim, input) => sim.creates().some(({ event }) => event.input === input);

const began = (sim, input) => waitFor(() => hasBegun(sim, input), `the turn "${input}" to reach the upstream`);

async function hold(t, { sim }, daemon, input) {
  const client = await begin(t, daemon, input);
  await began(sim, input);
  return client;
}

// Two turns of the narrow user at one gateway keep his third at the other waiting.
async function assertSlotsAreShared(t, { sim, daemons: [one, two] }, name) {
  const holders = [await hold(t, { sim }, one, `hold ${name} 1`), await hold(t, { sim }, one, `hold ${name} 2`)];
  await assertWaitsFor(t, { sim }, two, holders, name);
}

async function assertWaitsFor(t, { sim }, daemon, holders, name) {
  const waiting = await begin(t, daemon, `waited ${name}`);
  const bystander = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 5; ++i) await bystander.turn({ ...kBase, input: 'meanwhile' });
  assert.ok(!hasBegun(sim, `waited ${name}`));
  for (const holder of holders) holder.drop();
  assert.equal((await waiting.toEnd()).terminal.type, 'response.completed');
}

describe('No turn fails and none is held up', { concurrency: 2 }, () => {
  it('WhenRedisIsNotThereAtTheStart', async (t) => {
    const all = await gateways(t, { starts: false });
    const traffic = await Traffic.begin(t, all.daemons);
    await traffic.more(50);
    for (const daemon of all.daemons) await isAlone(daemon);
    await all.redis.start();
    for (const daemon of all.daemons) await isBack(daemon);
    await traffic.more(50);
    await traffic.end();
    await assertShared(t, all, 'at last');
  });

  it('WhenRedisEndsAndComesBackEmpty', async (t) => {
    const all = await gateways(t);
    for (const round of [1, 2]) {
      const traffic = await Traffic.begin(t, all.daemons);
      await traffic.more(50);
      await all.redis.kill();
      await traffic.more(50);
      for (const daemon of all.daemons) await isAlone(daemon);
      await all.redis.start();
      for (const daemon of all.daemons) await isBack(daemon);
      await traffic.end();
      await assertShared(t, all, `round ${round}`);
    }
    for (const daemon of all.daemons) {
      assert.ok((await storeOf(daemon)).skipped > 0);
      assert.ok(daemon.logged('redis is away; this gateway works by itself').length > 0);
    }
  });

  it('WhenRedisSaysNothingAnyMore', async (t) => {
    const all = await gateways(t);
    for (const round of [1, 2]) {
      const traffic = await Traffic.begin(t, all.daemons);
      await traffic.more(50);
      all.redis.freeze();
      await traffic.more(50);
      for (const daemon of all.daemons) await isAlone(daemon);
      await traffic.more(50);
      all.redis.thaw();
      for (const daemon of all.daemons) await isBack(daemon);
      await traffic.end();
      await assertShared(t, all, `round ${round}`);
    }
    for (const daemon of all.daemons) assert.ok((await storeOf(daemon)).late > 0);
  });

  it('WhenRedisIsFlushed', async (t) => {
    const all = await gateways(t);
    const traffic = await Traffic.begin(t, all.daemons);
    for (let i = 0; i < 5; ++i) {
      await traffic.more(20);
      await all.redis.flush();
    }
    await traffic.end();
    for (const daemon of all.daemons) await isBack(daemon);
    await assertShared(t, all, 'after');
  });

  it('WhenRedisIsFlushedTurnsThatRunKeepTheirSlots', async (t) => {
    const { sim, redis, daemons } = await gateways(t);
    const holders = [await hold(t, { sim }, daemons[0], 'hold 1'), await hold(t, { sim }, daemons[0], 'hold 2')];
    await waitFor(async () => (await redis.command('EXISTS', 'tg:1:{instance:one}:seen')) === 1, 'the gateway to have left its mark');
    await redis.flush();
    await waitFor(async () => (await redis.command('ZCARD', 'tg:1:{slot:user/narrow}:held')) === 2, 'both to be told again', kBackWithin);
    await assertWaitsFor(t, { sim }, daemons[1], holders, 'after the flush');
  });

  it('WhenRedisGoesTurnsThatRunKeepTheirSlots', async (t) => {
    const { sim, redis, daemons } = await gateways(t);
    const holders = [await hold(t, { sim }, daemons[0], 'hold 1'), await hold(t, { sim }, daemons[0], 'hold 2')];
    await redis.kill();
    for (const daemon of daemons) await isAlone(daemon);
    const alone = await begin(t, daemons[1], 'by itself'); // nobody can know of the two elsewhere
    assert.equal((await alone.toEnd()).terminal.type, 'response.completed');
    await redis.start();
    for (const daemon of daemons) await isBack(daemon);
    await waitFor(async () => (await redis.command('ZCARD', 'tg:1:{slot:user/narrow}:held')) === 2, 'both to be told again', kBackWithin);
    await assertWaitsFor(t, { sim }, daemons[1], holders, 'again');
  });

  it('WhenThePasswordIsWrong', async (t) => {
    const redis = await startRedis(t, { password: 'right' });
    const sim = await startSim(t);
    const state = redis.stateOf('one');
    state.redis.password = 'wrong';
    const daemon = await startDaemon(t, { upstream: sim, config: { state } });
    const client = await connect(t, daemon.wsUrl);
    const since = Date.now();
    assert.equal((await client.turn({ ...kBase, input: 'one' })).terminal.type, 'response.completed');
    assert.ok(Date.now() - since < kLongestTurn);
    const { why } = await daemon.loggedOnce('redis is away; this gateway works by itself');
    assert.match(why, /WRONGPASS|password/i);
    assert.ok(!daemon.program.err.includes('wrong"'), 'the password is not told');
  });

  it('WhenRedisSaysNothingWhileATurnWaits', async (t) => {
    const { sim, redis, daemons } = await gateways(t);
    const holders = [await hold(t, { sim }, daemons[0], 'hold 1'), await hold(t, { sim }, daemons[0], 'hold 2')];
    const waiting = await begin(t, daemons[0], 'waited');
    redis.freeze();
    await waitFor(async () => (await storeOf(daemons[0])).late > 0, 'an answer to be late');
    assert.ok(!hasBegun(sim, 'waited'), 'a gateway by itself still counts its own');
    holders[0].drop();
    assert.equal((await waiting.toEnd(undefined, slowed(5_000))).terminal.type, 'response.completed');
    redis.thaw();
    for (const daemon of daemons) await isBack(daemon);
    holders[1].drop();
    await assertShared(t, { sim, redis, daemons }, 'again');
  });

  it('ByMoreThanTheBoundOfAFewOperations', async (t) => {
    const { redis, daemons } = await gateways(t, { timeout: 50 });
    const client = await connect(t, daemons[0].wsUrl, { headers: { 'session-id': 'bound' } });
    redis.freeze();
    for (let i = 0; i < 10; ++i) {
      const since = Date.now();
      assert.equal((await client.turn({ ...kBase, input: `turn ${i}` })).terminal.type, 'response.completed');
      assert.ok(Date.now() - since < slowed(700), `turn ${i} took ${Date.now() - since} ms`);
    }
    assert.ok((await storeOf(daemons[0])).late > 0);
    redis.thaw();
    await isBack(daemons[0]);
  });
});

// It reads as if nothing were: without a write that somebody waits for, only its own words tell.
it('ARedisThatRefusesToWriteCountsAsAway', async (t) => {
  const refusals = {
    OOM: [['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    WRONGTYPE: [['SET', 'tg:1:{bulletin}', 'x'], ['DEL', 'tg:1:{bulletin}']],
    NOPERM: [['ACL', 'SETUSER', 'default', '-eval', '-evalsha'], ['ACL', 'SETUSER', 'default', '+@all']],
  };
  const { redis, daemons } = await gateways(t);
  const [daemon] = daemons;
  const client = await connect(t, daemon.wsUrl);
  for (const [word, [refuse, mend]] of Object.entries(refusals)) {
    const told = () => daemon.logged('redis is away; this gateway works by itself').filter(({ why }) => why.includes(word));
    await redis.command(...refuse);
    await waitFor(async () => !(await storeOf(daemon)).healthy, `${word} to be noticed`);
    assert.equal((await client.turn({ ...kBase, input: word })).terminal.type, 'response.completed');
    await waitFor(() => told().length >= 1, `${word} to be told`);
    await redis.command(...mend);
    await isBack(daemon);
    assert.ok(told().length <= 2, 'once for each loop');
    assert.equal((await client.turn({ ...kBase, input: `after ${word}` })).terminal.type, 'response.completed');
  }
});
