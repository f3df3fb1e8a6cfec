import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';

import { connect, refusal } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { roundTrip } from './lib/named.mjs';
import { startRedis } from './lib/redis.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// behaviour.md sections 3, 4 and 6: gateways on one Redis count slots and rates together, and each knows what another learnt.

const kBase = { model: 'sim-1' };
const kHeld = { match: { input_contains: 'hold' }, do: { fault: { kind: 'hang', when: 'created' } } };
const kTwoAtOnce = { users: [{ name: 'u', concurrency: 2 }], keys: [{ name: 'dev', key: kKey, user: 'u' }] };

const kLate = { timeout: '1s' }; // Redis on a busy machine: later, it is taken for away

// One sim and one Redis behind two gateways; `spare` is a sim for when that one does not serve.
async function gateways(t, { config = {}, script = [kHeld], spare, redis: options, ...more } = {}) {
  const [sim, redis] = await Promise.all([startSim(t, { script, ...more }), startRedis(t, options)]);
  const accounts = [sim, spare].filter(Boolean).map((each, i) => accountOf(each, { name: `account${i}`, priority: i + 1 }));
  const start = (instance, directory) =>
    startDaemon(t, { directory, config: { accounts, ...config, state: redis.stateOf(instance, kLate) } });
  const [one, two] = await Promise.all([start('one'), start('two')]);
  await Promise.all([one, two].map(isShared));
  return { sim, redis, one, two, start };
}

function isShared(daemon) {
  return waitFor(async () => (await daemon.status()).store.healthy, 'the gateway to have found Redis');
}

// Of creates and ends of responses in the order in which the sim saw them.
function mostAtOnce(sim) {
  let running = 0;
  let most = 0;
  for (const { event, response } of sim.transcript()) {
    if (event?.type === 'response.create') most = Math.max(most, ++running);
    if (response) --running;
  }
  return most;
}

const hasBegun = (sim, input) => sim.creates().some(({ event }) => event.input === input);

const began = (sim, input) => waitFor(() => hasBegun(sim, input), `the turn "${input}" to reach the upstream`);

// A client whose turn is on its way, and has reached the upstream or waits for a slot.
async function begin(t, daemon, input) {
  const client = await connect(t, daemon.wsUrl);
  client.create({ ...kBase, input });
  await roundTrip(client);
  return client;
}

async function hold(t, sim, daemon, input) {
  const client = await begin(t, daemon, input);
  await began(sim, input);
  return client;
}

function assertDone(turn) {
  assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
}

function assertLimited(turn, least, most) {
  assert.equal(turn.error?.code, 'rate_limit_exceeded', JSON.stringify(turn.terminal));
  assert.equal(turn.terminal.status, 429);
  const seconds = Number(turn.terminal.headers['retry-after']);
  assert.ok(seconds >= least && seconds <= most, `retry-after ${seconds}`);
}

// A stored conversation whose every turn is at the other gateway. `settled(id)`: what is waited for between two.
async function assertMoves(t, sim, daemons, settled) {
  const clients = await Promise.all(daemons.map((daemon) => connect(t, daemon.wsUrl)));
  let last = await clients[0].turn({ ...kBase, store: true, input: 'begin' });
  for (let i = 1; i <= 10; ++i) {
    await settled(last.id);
    const next = await clients[i % 2].turn({ ...kBase, store: true, input: `turn ${i}`, previous_response_id: last.id });
    assertDone(next);
    assert.equal(sim.creates().at(-1).event.previous_response_id, last.id);
    assert.ok(next.usage.input_tokens > last.usage.input_tokens, 'it has the context');
    last = next;
  }
}

describe('Two gateways on one Redis', { concurrency: 3 }, () => {
  test('TheSlotsOfAKilledGatewayAreFreeWithinThirtySeconds', async (t) => {
    const { sim, one, two } = await gateways(t, { config: kTwoAtOnce });
    await hold(t, sim, one, 'hold 1');
    await hold(t, sim, one, 'hold 2');
    const killedAt = Date.now();
    await one.program.stop('SIGKILL');
    const client = await connect(t, two.wsUrl);
    const untilFree = async () => {
      let turn = await client.turn({ ...kBase, input: 'at last' }, slowed(40_000));
      if (turn.error?.code === 'rate_limit_exceeded') turn = await client.turn({ ...kBase, input: 'at last' }, slowed(40_000));
      return turn;
    };
    assertDone(await untilFree());
    const took = Date.now() - killedAt;
    assert.ok(took > 5_000, `only a lease frees them, not after ${took} ms`); // shorter: nobody had held them
    assert.ok(took < 30_000 + slowed(3_000), `${took} ms`);
    assertDone(await client.turn({ ...kBase, input: 'and on' }));
  });

  test('AUsersTurnsAreCountedOverBothGateways', async (t) => {
    const options = { config: kTwoAtOnce, redis: { password: 'a:secret/with@all%of#it' }, script: [], deltaIntervalUs: 2_000 };
    const { sim, one, two } = await gateways(t, options);
    const clients = await Promise.all([...Array(16).keys()].map((i) => connect(t, (i % 2 ? one : two).wsUrl)));
    const talk = async (client) => {
      for (let i = 0; i < 4; ++i) assertDone(await client.turn({ ...kBase, input: `turn ${i}` }));
    };
    await Promise.all(clients.map(talk));
    assert.ok(mostAtOnce(sim) <= 2, `${mostAtOnce(sim)} ran at once`);
    for (const daemon of [one, two]) assert.equal((await daemon.usage(32)).length, 32);
  });

  test('ASlotThatIsFreedOnOneGatewayGoesAtOnceToWhoWaitsOnTheOther', async (t) => {
    const { sim, one, two } = await gateways(t, { config: kTwoAtOnce });
    const holders = [await hold(t, sim, one, 'hold 1'), await hold(t, sim, one, 'hold 2')];
    for (const i of [3, 4, 5, 6, 7, 8]) holders.push(await begin(t, two, `hold ${i}`));
    assert.equal(sim.creates().length, 2, 'the others wait');
    const since = Date.now();
    for (const i of [3, 4, 5, 6, 7, 8]) {
      holders.shift().drop();
      await began(sim, `hold ${i}`);
      assert.equal(sim.creates().length, i, 'one, and the first of those who wait');
    }
    const took = Date.now() - since;
    assert.ok(took < slowed(3_000), `six handed over took ${took} ms: no polling is so fast`);
    for (const holder of holders) holder.drop();
    assertDone(await (await connect(t, one.wsUrl)).turn({ ...kBase, input: 'all are back' }));
  });

  test('AWaiterThatGoesLeavesTheSlotToTheOtherGateway', async (t) => {
    const { sim, one, two } = await gateways(t, { config: kTwoAtOnce });
    const holders = [await hold(t, sim, one, 'hold 1'), await hold(t, sim, one, 'hold 2')];
    const impatient = await begin(t, two, 'hold in vain');
    const patient = await begin(t, one, 'hold 3');
    impatient.drop();
    await two.metricOnce('turngate_sessions', (count) => count === 0);
    holders[0].drop();
    await began(sim, 'hold 3');
    assert.ok(!hasBegun(sim, 'hold in vain'));
    for (const client of [patient, holders[1]]) client.drop();
    assertDone(await (await connect(t, two.wsUrl)).turn({ ...kBase, input: 'go' }));
  });

  test('AGatewayThatWasKilledAndComesBackFreesItsSlotsAtOnce', async (t) => {
    const { sim, one, two, start } = await gateways(t, { config: kTwoAtOnce });
    await hold(t, sim, one, 'hold 1');
    await hold(t, sim, one, 'hold 2');
    const waiting = await begin(t, two, 'waited');
    await one.program.stop('SIGKILL');
    assert.ok(!hasBegun(sim, 'waited'));
    const again = await start('one', one.home);
    await began(sim, 'waited');
    assert.ok(Date.now() - Date.parse(again.logged('redis is there')[0].ts) < slowed(3_000));
    assertDone(await waiting.toEnd());
    assertDone(await (await connect(t, again.wsUrl)).turn({ ...kBase, input: 'here too' }));
  });

  test('AGatewayThatEndsLeavesNoSlotTaken', async (t) => {
    const { sim, redis, one, two } = await gateways(t, { config: { ...kTwoAtOnce, server: { drain_timeout: '200ms' } } });
    await hold(t, sim, one, 'hold 1');
    await hold(t, sim, one, 'hold 2');
    const waiting = await begin(t, two, 'waited');
    assert.equal(await redis.command('ZCARD', 'tg:1:{slot:user/u}:held'), 2);
    assert.equal(await one.stop(), 3, 'two turns were cut off');
    assertDone(await waiting.toEnd());
    await waitFor(async () => (await redis.command('ZCARD', 'tg:1:{slot:user/u}:held')) === 0, 'no slot to be taken');
  });

  test('RequestsPerMinuteAreCountedOverBothGateways', async (t) => {
    const { sim, one, two } = await gateways(t, { config: { keys: [{ name: 'dev', key: kKey, rpm: 4 }] } });
    const clients = [await connect(t, one.wsUrl), await connect(t, two.wsUrl)];
    for (const i of [0, 1, 2, 3]) assertDone(await clients[i % 2].turn({ ...kBase, input: `turn ${i}` }));
    for (const client of clients) assertLimited(await client.turn({ ...kBase, input: 'one more' }), 1, 15);
    assert.equal(sim.creates().length, 4);
  });

  test('TokensPerMinuteAreCountedOverBothGateways', async (t) => {
    const { sim, one, two } = await gateways(t, {
      config: { keys: [{ name: 'dev', key: kKey, tpm: 600 }] },
      script: [{ do: { usage: { input_tokens: 400, output_tokens: 500, total_tokens: 900 } } }],
    });
    const clients = [await connect(t, one.wsUrl), await connect(t, two.wsUrl)];
    assertDone(await clients[0].turn({ ...kBase, input: 'much' }));
    for (const client of clients) assertLimited(await client.turn({ ...kBase, input: 'one more' }), 20, 40); // 300 are owed: 30 s
    assert.equal(sim.creates().length, 1);
  });

  test('AStoredConversationMovesBetweenGatewaysByItsId', async (t) => {
    const { sim, redis, one, two } = await gateways(t);
    await assertMoves(t, sim, [one, two], (id) =>
      waitFor(async () => (await redis.command('EXISTS', `tg:1:{tenant:default/default}:r:${id}`)) === 1, 'the response in Redis'),
    );
  });

  test('AStoredConversationMovesAsSoonAsItsTurnHasEnded', async (t) => {
    const { sim, one, two } = await gateways(t);
    await assertMoves(t, sim, [one, two], () => {});
  });

  test('AnUnstoredConversationIsUnknownToTheOtherGateway', async (t) => {
    const { sim, one, two } = await gateways(t);
    const headers = { 'session-id': 'conversation' };
    const here = await connect(t, one.wsUrl, { headers });
    const there = await connect(t, two.wsUrl, { headers });
    const first = await here.turn({ ...kBase, store: false, input: 'one' });
    const second = await here.turn({ ...kBase, store: false, input: 'two', previous_response_id: first.id });
    assertDone(second);
    const lost = await there.turn({ ...kBase, store: false, input: 'three', previous_response_id: second.id });
    assert.equal(lost.error?.code, 'previous_response_not_found', JSON.stringify(lost.terminal));
    assert.deepEqual([lost.terminal.status, lost.error.param], [400, 'previous_response_id']);
    assert.equal(sim.creates().length, 2, 'nothing went up without its context');
    assertDone(await there.turn({ ...kBase, store: false, input: 'all of it' }));
    assertDone(await here.turn({ ...kBase, store: false, input: 'three', previous_response_id: second.id }));
  });

  test('AnotherUsersResponseIsUnknownToTheOtherGatewayToo', async (t) => {
    const users = [{ name: 'u' }, { name: 'v' }];
    const keys = [{ name: 'dev', key: kKey, user: 'u' }, { name: 'other', key: 'tg-test-of-another-user', user: 'v' }];
    const { sim, one, two } = await gateways(t, { config: { users, keys } });
    const first = await (await connect(t, one.wsUrl)).turn({ ...kBase, store: true, input: 'mine' });
    const stranger = await connect(t, two.wsUrl, { key: keys[1].key });
    const refused = await stranger.turn({ ...kBase, store: true, input: 'yours', previous_response_id: first.id });
    assert.equal(refused.error?.code, 'previous_response_not_found');
    assert.equal(sim.creates().length, 1);
    const owner = await connect(t, two.wsUrl);
    assertDone(await owner.turn({ ...kBase, store: true, input: 'mine', previous_response_id: first.id }));
  });

  test('AnAccountThatOneGatewaySawUsedUpIsNotAskedByTheOther', async (t) => {
    const limit = { status: 429, code: 'rate_limit_exceeded', message: 'Slow down.', headers: { 'retry-after': '60' } };
    const spare = await startSim(t);
    const { sim, one, two } = await gateways(t, { script: [{ times: 1, do: { error: limit } }], spare });
    assertDone(await (await connect(t, one.wsUrl)).turn({ ...kBase, input: 'one' }));
    assert.equal(sim.creates().length, 1);
    const coolingOf = async () => (await two.status()).accounts.find(({ name }) => name === 'account0').cooling_s;
    await waitFor(async () => (await coolingOf()) > 50, 'the other gateway to know', slowed(2_000));
    const client = await connect(t, two.wsUrl);
    for (const input of ['two', 'three']) assertDone(await client.turn({ ...kBase, input }));
    assert.deepEqual([sim.creates().length, spare.creates().length], [1, 3]);
  });

  test('AKeyThatOneGatewayRevokesClosesItsSocketsAtTheOther', async (t) => {
    const keys = [{ name: 'dev', key: kKey }, { name: 'lost', key: 'tg-test-to-be-revoked' }];
    const { one, two } = await gateways(t, { config: { keys } });
    const stays = await connect(t, two.wsUrl);
    const idle = [one, two].map((daemon) => connect(t, daemon.wsUrl, { key: keys[1].key }));
    const [here, there] = await Promise.all(idle);
    for (const client of [here, there]) assertDone(await client.turn({ ...kBase, input: 'before' }));
    await reconfigure(one, (config) => ({ ...config, keys: [keys[0]] }));
    for (const client of [here, there]) assert.equal((await client.closed(slowed(5_000))).code, 1008);
    assertDone(await stays.turn({ ...kBase, input: 'after' }));
  });

  test('AKeyThatIsPutBackIsGoodAgainAlsoAfterARestart', async (t) => {
    const keys = [{ name: 'dev', key: kKey }, { name: 'back', key: 'tg-test-taken-out-and-put-back' }];
    const { one, two, start } = await gateways(t, { config: { keys } });
    const opens = async (daemon, key) => assertDone(await (await connect(t, daemon.wsUrl, { key })).turn({ ...kBase, input: 'x' }));
    await reconfigure(one, (config) => ({ ...config, keys: [keys[0]] }));
    await waitFor(() => refusal(t, two.wsUrl, { key: keys[1].key }).catch(() => null), 'the key to be refused at the other');
    await reconfigure(one, (config) => ({ ...config, keys }));
    await opens(one, keys[1].key);
    await one.finish();
    const again = await start('one', one.home);
    await isShared(again);
    await again.loggedOnce('redis is there');
    await roundTrip(await connect(t, again.wsUrl)); // meanwhile it has heard what the other says
    await waitFor(async () => (await again.status()).store.operations > 50, 'it to have looked more than once');
    await opens(again, keys[1].key);
    await reconfigure(two, (config) => config); // and there, too, the file is the newer word
    await opens(two, keys[1].key);
  });

  test('OfTwoGatewaysOfOneNameTheSecondSaysSo', async (t) => {
    const { one, start } = await gateways(t);
    const twin = await start('one');
    const told = await twin.loggedOnce("another gateway has this one's name; give each its own state.instance");
    assert.equal(told.instance, 'one');
    assert.match(told.now, /^one-/);
    assert.equal(one.logged("another gateway has this one's name; give each its own state.instance").length, 0);
    for (const daemon of [one, twin]) assertDone(await (await connect(t, daemon.wsUrl)).turn({ ...kBase, input: 'x' }));
  });
});

async function reconfigure(daemon, change) {
  const before = daemon.logged('reloaded').length;
  const config = change(JSON.parse(await readFile(daemon.configFile, 'utf8')));
  await writeFile(daemon.configFile, JSON.stringify(config));
  daemon.signal('SIGHUP');
  await waitFor(() => daemon.logged('reloaded').length > before, 'the new configuration');
}
