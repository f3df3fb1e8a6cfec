import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { temporaryDirectory } from './lib/place.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { startRedis } from './lib/redis.mjs';
import { startSim } from './lib/sim.mjs';
import { pause, waitFor } from './lib/wait.mjs';

// behaviour.md section 3: what a turn may cost is held against its key's quota and its user's balance, so that turns at the
// same time cannot overspend together; at its end its real cost counts.

// A thousand tokens of output are held at 10 dollars a million: one cent, and a little for the input.
const kTurn = { model: 'sim-1', input: 'hold', store: false, max_output_tokens: 1000 };
const kForOne = 0.0105;
const kHeld = { match: { input_contains: 'hold' }, do: { fault: { kind: 'hang', when: 'created' } } };

const kPatient = { timeout: '5s', hold_timeout: '10s' }; // a busy machine is no Redis that is away

const keyWith = (more = {}) => [{ name: 'dev', key: kKey, user: 'u', ...more }];
const configFor = ({ key = {}, user = {} }) => ({ users: [{ name: 'u', ...user }], keys: keyWith(key) });

async function startAtOnce(t, daemons, count) {
  const clients = await Promise.all(Array.from({ length: count }, (_, i) => connect(t, daemons[i % daemons.length].wsUrl)));
  for (const client of clients) client.create(kTurn);
  const firsts = await Promise.all(clients.map((client) => client.next()));
  return { clients, firsts };
}

function assertOneStarted({ firsts }) {
  const refused = firsts.filter((event) => event.type === 'error');
  assert.equal(firsts.length - refused.length, 1, 'exactly the affordable one starts');
  for (const event of refused) {
    assert.equal(event.error.code, 'rate_limit_exceeded', JSON.stringify(event));
    assert.equal(event.status, 429);
    assert.ok(Number(event.headers['retry-after']) > 0, 'the other turn will end');
  }
}

const balancesOf = async (daemon) => (await daemon.admin('/api/v1/balances')).body;

const sumOf = (rows) => rows.reduce((sum, row) => sum + row.cost_nano_usd, 0);

for (const [what, config] of [
  ['Key', configFor({ key: { quota_usd: kForOne } })],
  ['User', configFor({ user: { balance_usd: kForOne } })],
]) {
  test(`Of32ParallelTurnsOfA${what}WithABudgetForOneExactlyOneStarts`, async (t) => {
    const sim = await startSim(t, { script: [kHeld], deltas: 2 });
    const daemon = await startDaemon(t, { upstream: sim, config });
    const started = await startAtOnce(t, [daemon], 32);
    assertOneStarted(started);
    assert.equal(sim.creates().length, 1);

    const held = await balancesOf(daemon);
    assert.ok((what === 'Key' ? held.keys : held.users)[0].held_nano_usd > 10_000_000, JSON.stringify(held));
    started.clients[started.firsts.findIndex((event) => event.type !== 'error')].drop();
    await daemon.usage(1); // an estimate of what it had: next to nothing
    const client = await connect(t, daemon.wsUrl);
    const quick = { ...kTurn, input: 'quick' };
    await waitFor(async () => (await client.turn(quick)).terminal.type === 'response.completed', 'room in the budget again');
  });
}

test('ABudgetIsSpentToItsEndAndOverdrawnByOneTurnAndARestartForgetsNothing', async (t) => {
  const directory = await temporaryDirectory(t);
  const sim = await startSim(t, { deltas: 4 });
  const start = () =>
    startDaemon(t, { directory, upstream: sim, config: configFor({ key: { quota_usd: 0.002 }, user: { balance_usd: 5 } }) });
  let daemon = await start();
  const turn = { model: 'sim-1', input: 'a question', store: false, max_output_tokens: 20 };
  const spend = async () => {
    const client = await connect(t, daemon.wsUrl);
    for (let turns = 0; ; ++turns) {
      const { error, terminal } = await client.turn(turn);
      if (error?.code === 'rate_limit_exceeded') await pause(1000 * Number(terminal.headers['retry-after'])), --turns;
      else if (error) return { code: error.code, turns };
    }
  };
  const ends = await Promise.all(Array.from({ length: 8 }, spend));
  assert.ok(ends.every(({ code }) => code === 'insufficient_quota'), JSON.stringify(ends));
  const turns = ends.reduce((sum, end) => sum + end.turns, 0);
  const rows = await daemon.usage(turns);
  const overdrawn = sumOf(rows) - 2_000_000;
  assert.ok(overdrawn >= 0 && overdrawn < Math.max(...rows.map((row) => row.cost_nano_usd)), `${turns} turns, ${sumOf(rows)} nano-dollars`);
  await waitFor(async () => (await balancesOf(daemon)).keys[0].held_nano_usd === 0, 'the holds to be gone');
  const { users, keys } = await balancesOf(daemon);
  assert.deepEqual(keys, [{ key: 'dev', quota_nano_usd: 2_000_000, used_nano_usd: sumOf(rows), held_nano_usd: 0 }]);
  assert.equal(users[0].balance_nano_usd, 5_000_000_000 - sumOf(rows));

  assert.equal(await daemon.stop(), 0);
  daemon = await start();
  assert.deepEqual(await spend(), { code: 'insufficient_quota', turns: 0 });
});

test('GatewaysThatShareAStateHoldTogether', async (t) => {
  const [sim, redis, postgres] = await Promise.all([startSim(t, { script: [kHeld] }), startRedis(t), startPostgres(t)]);
  const start = (instance) =>
    startDaemon(t, {
      config: {
        accounts: [accountOf(sim)],
        ...configFor({ key: { quota_usd: kForOne } }),
        state: redis.stateOf(instance, kPatient),
        usage: { repository: 'postgres', postgres: { url: postgres.url } },
      },
    });
  const daemons = [await start('one'), await start('two')];
  for (const daemon of daemons) await waitFor(async () => (await daemon.status()).store.healthy, 'Redis');
  const started = await startAtOnce(t, daemons, 32);
  assertOneStarted(started);
  for (const daemon of daemons) assert.ok((await balancesOf(daemon)).keys[0].held_nano_usd > 10_000_000, 'both know of the hold');
});

test('ABillCountsOnceAfterARestartToo', async (t) => {
  const directory = await temporaryDirectory(t);
  const [sim, redis] = await Promise.all([startSim(t, { deltas: 4 }), startRedis(t)]);
  const config = { ...configFor({ key: { quota_usd: 1 } }), state: redis.stateOf('one', kPatient) };
  const start = async () => {
    const daemon = await startDaemon(t, { directory, upstream: sim, config });
    await waitFor(async () => (await daemon.status()).store.healthy, 'Redis');
    return daemon;
  };
  let daemon = await start();
  const client = await connect(t, daemon.wsUrl);
  for (let turns = 0; turns < 3; ++turns) assert.equal((await client.turn({ ...kTurn, input: 'x' })).terminal.type, 'response.completed');
  assert.equal(await daemon.stop(), 0); // at once: before anybody has read the balances

  daemon = await start();
  const rows = await daemon.usage(3);
  const [key] = (await balancesOf(daemon)).keys;
  assert.equal(key.used_nano_usd, sumOf(rows));
  assert.equal(key.held_nano_usd, 0, 'what Redis has of those turns counts beside their bills');
});
