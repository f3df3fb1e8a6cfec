import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { roundTrip } from './lib/named.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// A turn takes the first route that can run now, or waits for the first place on any (behaviour.md sections 3, 4 and 6). How
// a conversation leaves an account that others made unusable is in the fault matrix.

const kModel = { model: 'sim-1', store: false };
const kHeld = { match: { input_contains: 'hold' }, do: { fault: { kind: 'hang', when: 'created' } } };

const inputsOf = (sim) => sim.creates().map(({ event }) => event.input);

function assertDone(turn) {
  assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
}

// A client whose turn runs until it leaves.
async function hold(t, daemon, sims, input, options = {}) {
  const client = await connect(t, daemon.wsUrl, options);
  client.create({ ...kModel, input });
  await waitFor(() => sims.some((sim) => inputsOf(sim).includes(input)), `"${input}" to reach an upstream`);
  return client;
}

async function waiting(daemon, count) {
  const sumOf = (accounts) => accounts.reduce((sum, account) => sum + account.waiting, 0);
  return waitFor(async () => sumOf((await daemon.status()).accounts) >= count, `${count} turns to wait`);
}

async function narrow(t, more = {}) {
  const [a, b] = [await startSim(t, { script: [kHeld] }), await startSim(t, { script: [kHeld] })];
  const accounts = [accountOf(a, { name: 'a', priority: 1, concurrency: 1 }), accountOf(b, { name: 'b', priority: 2, concurrency: 1 })];
  return { a, b, daemon: await startDaemon(t, { config: { accounts, ...more } }) };
}

describe('A turn that waits for a place', { concurrency: 3 }, () => {
  for (const first of ['a', 'b'])
    test(`TakesTheFirstThatIsFree: ${first}`, async (t) => {
      const { a, b, daemon } = await narrow(t);
      const holders = { a: await hold(t, daemon, [a, b], 'hold 1'), b: await hold(t, daemon, [a, b], 'hold 2') };
      assert.deepEqual([a.creates().length, b.creates().length], [1, 1]);
      const client = await connect(t, daemon.wsUrl);
      client.create({ ...kModel, input: 'waits' });
      await waiting(daemon, 1);
      holders[first].drop();
      const turn = await client.toEnd();
      assertDone(turn);
      assert.ok(inputsOf({ a, b }[first]).includes('waits'));
      assertDone(await client.turn({ ...kModel, input: 'on', previous_response_id: turn.id }));
    });

  test('OfAConversationTakesTheFirstThatIsFreeWithItsContext', async (t) => {
    const { a, b, daemon } = await narrow(t);
    const client = await connect(t, daemon.wsUrl);
    const one = await client.turn({ ...kModel, input: 'one' });
    assert.equal(a.creates().length, 1);
    const onA = await hold(t, daemon, [a], 'hold 1');
    const onB = await hold(t, daemon, [b], 'hold 2');
    client.create({ ...kModel, input: 'two', previous_response_id: one.id });
    await waiting(daemon, 1);
    onB.drop();
    const two = await client.toEnd();
    assertDone(two);
    const create = b.creates().at(-1).event;
    assert.deepEqual([create.previous_response_id, create.input.length], [undefined, 3]);
    onA.drop();
    assertDone(await client.turn({ ...kModel, input: 'three', previous_response_id: two.id }));
  });

  test('ThatNobodyElseCanRunWaitsForItsOwnAccount', async (t) => {
    const { a, b, daemon } = await narrow(t, { continuity: { chain_max_per_session: '16KiB' } });
    const client = await connect(t, daemon.wsUrl);
    const one = await client.turn({ ...kModel, input: 'x'.repeat(20_000) });
    const holder = await hold(t, daemon, [a, b], 'hold 1');
    client.create({ ...kModel, input: 'two', previous_response_id: one.id });
    await waiting(daemon, 1);
    holder.drop();
    assertDone(await client.toEnd());
    assert.equal(a.creates().at(-1).event.previous_response_id, one.id);
  });
});

const keyOf = (name) => ({ name, key: `tg-test-key-of-${name}`, user: name });

test('PlacesGoRoundTheTenantsHoweverManyTurnsOneHasWaiting', async (t) => {
  const sim = await startSim(t, { script: [kHeld] });
  const names = ['many', 'few'];
  const config = {
    accounts: [accountOf(sim, { concurrency: 1 })],
    users: names.map((name) => ({ name })),
    keys: names.map(keyOf),
    limits: { sockets_per_key: 1_000 },
  };
  const daemon = await startDaemon(t, { config });
  const enter = (i) => connect(t, daemon.wsUrl, { key: keyOf(names[i]).key });
  const holder = await hold(t, daemon, [sim], 'hold 1', { key: keyOf('many').key });
  const crowd = [];
  for (let i = 0; i < 120; ++i) {
    const client = await enter(0);
    client.create({ ...kModel, input: `many ${i}` });
    crowd.push(client);
  }
  await Promise.all(crowd.map(roundTrip));
  const few = await enter(1);
  few.create({ ...kModel, input: 'few 0' });
  await roundTrip(few);
  holder.drop();
  assertDone(await few.toEnd());
  const at = inputsOf(sim).indexOf('few 0');
  assert.ok(at <= 3, `it was the ${at}th, after ${inputsOf(sim).slice(0, 6)}`);
  assertDone(await few.turn({ ...kModel, input: 'few 1' }));
  const ends = await Promise.all(crowd.map((client) => client.toEnd()));
  const told = ends.filter(({ error }) => error);
  assert.ok(told.every(({ error }) => error.code === 'rate_limit_exceeded'), 'beyond what may wait they are told to come again');
  assert.ok(ends.length - told.length >= 20, `${ends.length - told.length} of them ran`);
});

describe('A reload', { concurrency: 2 }, () => {
  async function reconfigure(daemon, change) {
    const config = change(JSON.parse(await readFile(daemon.configFile, 'utf8')));
    await writeFile(daemon.configFile, JSON.stringify(config));
    const { status, body } = await daemon.admin('/api/v1/reload', { method: 'POST' });
    assert.equal(status, 200, JSON.stringify(body));
  }

  const kWidened = {
    "a user's": (most) => ({ users: [{ name: 'u', concurrency: most }] }),
    "an account's": (most, sim) => ({ accounts: [accountOf(sim, { concurrency: most })] }),
  };
  for (const [whose, widened] of Object.entries(kWidened))
    test(`ThatRaises ${whose} concurrency LetsThoseRunWhoWait`, async (t) => {
      const sim = await startSim(t, { script: [kHeld] });
      const base = { accounts: [accountOf(sim)], users: [{ name: 'u' }], keys: [{ name: 'dev', key: kKey, user: 'u' }] };
      const daemon = await startDaemon(t, { config: { ...base, ...widened(1, sim) } });
      const holder = await hold(t, daemon, [sim], 'hold 1');
      const client = await connect(t, daemon.wsUrl);
      client.create({ ...kModel, input: 'waits' });
      await roundTrip(client);
      assert.ok(!inputsOf(sim).includes('waits'));
      await reconfigure(daemon, (config) => ({ ...config, ...widened(2, sim) }));
      const turn = await client.toEnd(undefined, 10_000);
      assertDone(turn);
      assertDone(await client.turn({ ...kModel, input: 'on', previous_response_id: turn.id }));
      holder.drop();
    });

  test('ThatTakesAnAccountAwayFromARunningTurnLetsItEnd', async (t) => {
    const [a, b] = [await startSim(t, { deltas: 20, deltaIntervalUs: 20_000 }), await startSim(t)];
    const all = [accountOf(a, { name: 'a', priority: 1 }), accountOf(b, { name: 'b', priority: 2 })];
    const daemon = await startDaemon(t, { config: { accounts: all } });
    const client = await connect(t, daemon.wsUrl);
    client.create({ ...kModel, input: 'one' });
    await client.nextFrame(({ event }) => event.type === 'response.output_text.delta');
    await reconfigure(daemon, (config) => ({ ...config, accounts: all.slice(1) }));
    const one = await client.toEnd();
    assertDone(one);
    const two = await client.turn({ ...kModel, input: 'two', previous_response_id: one.id });
    assertDone(two);
    assert.equal(b.creates().at(-1).event.input.length, 3, 'with its context');
    assertDone(await client.turn({ ...kModel, input: 'three', previous_response_id: two.id }));
  });
});
