import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// design.md section 6, behaviour.md section 4: whose upstream connection is whose, how long it is kept, what is closed for
// whom, and that no conversation ends with its connection.

const kOtherKey = 'tg-test-of-somebody-else';
const kBase = { model: 'sim-1', store: false };
const kAtOnce = 4; // most of them wait for a clock

// `account` adds to its only account; the options are the sim's.
async function gateway(t, { account = {}, config, ...options } = {}) {
  const sim = await startSim(t, options);
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...config } });
  return { sim, daemon, account: async () => (await daemon.status()).accounts[0] };
}

const enter = (t, daemon, session, more = {}) =>
  connect(t, daemon.wsUrl, { headers: session ? { 'session-id': session } : {}, ...more });

async function leave(daemon, client) {
  const before = daemon.logged('session ended').length;
  client.drop();
  await waitFor(() => daemon.logged('session ended').length > before, 'the session to end');
}

function assertDone(turn) {
  assert.equal(turn.terminal.type, 'response.completed', turn.texts.at(-1));
  return turn;
}

// What a client says must be unlike all else in its test: say() finds it again at the upstream. Gives the turn, and how the
// upstream got it: on which connection, after which parent, as how many items.
async function say(sim, client, input, fields = {}) {
  const turn = assertDone(await client.turn({ ...kBase, input, ...fields }));
  return { id: turn.id, turn, ...arrival(sim, input) };
}

function arrival(sim, input) {
  const textOf = ({ content }) => content?.[0]?.text ?? content;
  const lastOf = (items) => (typeof items === 'string' ? items : textOf(items.at(-1)));
  const { connection, event } = sim.creates().findLast((create) => lastOf(create.event.input) === input);
  const items = typeof event.input === 'string' ? 1 : event.input.length;
  return { connection, parent: event.previous_response_id, items, event };
}

const after = (said) => ({ previous_response_id: said.id });

function assertGoesOn(said, before) {
  assert.deepEqual([said.connection, said.parent, said.items], [before.connection, before.id, 1], 'by its id, on its connection');
}

// With all that was said, on another connection.
function assertRebuilt(said, before, items) {
  assert.notEqual(said.connection, before.connection);
  assert.deepEqual([said.parent, said.items], [undefined, items]);
}

const endOf = (sim, connection) => sim.ends().find((end) => end.connection === connection)?.end;
const closed = (sim, connection) => waitFor(() => endOf(sim, connection), `connection ${connection} to end`);

// A turn's end is told a moment before its connection is idle.
const parked = (account, count) => waitFor(async () => (await account()).parked === count, `${count} parked connections`);

describe('a client that comes back', { concurrency: kAtOnce }, () => {
  test('AClientThatComesBackFindsItsConnection', async (t) => {
    const { sim, daemon } = await gateway(t);
    const first = await say(sim, await enter(t, daemon, 'mine'), 'one');
    for (let i = 0, before = first; i < 3; ++i) {
      await leave(daemon, await enter(t, daemon, 'mine'));
      const again = await enter(t, daemon, 'mine');
      const next = await say(sim, again, `and ${i}`, after(before));
      assertGoesOn(next, before);
      await leave(daemon, again);
      before = next;
    }
    assert.equal(sim.upgrades().length, 1);
  });

  test('AParkedConnectionIsFoundUnderItsNameAndTenantOnly', async (t) => {
    const users = [{ name: 'somebody' }, { name: 'else' }];
    const keys = [{ name: 'own', key: kKey, user: 'somebody' }, { name: 'other', key: kOtherKey, user: 'else' }];
    const { sim, daemon, account } = await gateway(t, { config: { users, keys } });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    await leave(daemon, client);
    const strangers = [
      await enter(t, daemon, 'another'),
      await enter(t, daemon, null),
      await enter(t, daemon, 'mine', { key: kOtherKey }),
    ];
    for (const [i, stranger] of strangers.entries()) {
      const lost = await stranger.turn({ ...kBase, input: 'go on', ...after(first) });
      assert.equal(lost.error.code, 'previous_response_not_found');
      const own = await say(sim, stranger, `my own ${i}`);
      assert.equal(own.connection, i + 2, 'a new one');
    }
    assert.equal((await account()).connections, 4);
    assertGoesOn(await say(sim, await enter(t, daemon, 'mine'), 'two', after(first)), first);
  });

  test('WithoutANameAConnectionGoesWithItsClient', async (t) => {
    const { sim, daemon, account } = await gateway(t);
    const client = await enter(t, daemon, null);
    const first = await say(sim, client, 'one');
    await leave(daemon, client);
    assert.equal((await closed(sim, first.connection)).side, 'client');
    assert.deepEqual([(await account()).connections, (await account()).parked], [0, 0]);
    await say(sim, await enter(t, daemon, null), 'two');
  });

  test('AConnectionIsParkedForItsTimeAndNoLonger', async (t) => {
    const { sim, daemon, account } = await gateway(t, { config: { pool: { park_ttl: '1s' } } });
    const held = await enter(t, daemon, 'stays');
    const stays = await say(sim, held, 'I stay');
    const client = await enter(t, daemon, 'leaves');
    const leaves = await say(sim, client, 'I leave');
    const left = Date.now();
    await leave(daemon, client);
    assert.equal((await account()).parked, 2);
    assert.equal((await closed(sim, leaves.connection)).side, 'client');
    const kept = Date.now() - left;
    assert.ok(kept >= 1000 && kept < slowed(3000), `${kept} ms`);
    assertGoesOn(await say(sim, held, 'I am here', after(stays)), stays);
    assertRebuilt(await say(sim, await enter(t, daemon, 'leaves'), 'and again', after(leaves)), leaves, 3);
    assert.equal((await account()).connections, 2);
  });

  test('WithNothingToParkForAConnectionIsClosedAtOnce', async (t) => {
    const { sim, daemon, account } = await gateway(t, { config: { pool: { park_ttl: '0ms' } } });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    assertGoesOn(await say(sim, client, 'two', after(first)), first);
    await leave(daemon, client);
    await closed(sim, first.connection);
    assert.equal((await account()).connections, 0);
    await say(sim, await enter(t, daemon, 'mine'), 'three');
  });

  test('WithoutAHeaderTheFirstCachingKeyNamesTheSession', async (t) => {
    const { sim, daemon } = await gateway(t, { config: { server: { threads: 1 } } });
    const named = { prompt_cache_key: 'my conversation' };
    const client = await enter(t, daemon, null);
    const first = await say(sim, client, 'one', named);
    await leave(daemon, client);
    const again = await enter(t, daemon, null);
    const second = await say(sim, again, 'two', { ...named, ...after(first) });
    assertGoesOn(second, first);
    assertGoesOn(await say(sim, again, 'three', { prompt_cache_key: 'renamed', ...after(second) }), second);

    const other = await enter(t, daemon, null);
    const lost = await other.turn({ ...kBase, input: 'go on', prompt_cache_key: 'renamed', ...after(first) });
    assert.equal(lost.error.code, 'previous_response_not_found', 'the first one counts');
    const headed = await enter(t, daemon, 'a header');
    const foreign = await headed.turn({ ...kBase, input: 'go on', ...named, ...after(second) });
    assert.equal(foreign.error.code, 'previous_response_not_found', 'a header counts before it');
  });

  test('ACachingKeyNamesTheSessionOnItsLoop', async (t) => {
    const { sim, daemon } = await gateway(t, { config: { server: { threads: 1 } } }); // docs/decisions.md
    const named = { prompt_cache_key: 'my conversation' };
    let client = await enter(t, daemon, null);
    let said = await say(sim, client, 'zero', named);
    for (let i = 1; i <= 6; ++i) {
      await leave(daemon, client);
      client = await enter(t, daemon, null);
      said = await say(sim, client, `number ${i}`, { ...named, ...after(said) });
    }
  });

  test('ACachingKeyThatSeveralUseAtOnceNamesNobody', async (t) => {
    const { sim, daemon } = await gateway(t, { config: { server: { threads: 1 } } });
    const shared = { prompt_cache_key: 'my application' };
    const [a, b] = [await enter(t, daemon, null), await enter(t, daemon, null)];
    const ofA = await say(sim, a, 'I am a', shared);
    const ofB = await say(sim, b, 'I am b', shared);
    assert.notEqual(ofA.connection, ofB.connection);
    const foreign = await b.turn({ ...kBase, input: 'who am I?', ...shared, ...after(ofA) });
    assert.equal(foreign.error.code, 'previous_response_not_found');
    await leave(daemon, b);
    await closed(sim, ofB.connection);
    assertGoesOn(await say(sim, a, 'still a', after(ofA)), ofA);
  });
});

describe('an account without lanes', { concurrency: kAtOnce }, () => {
  test('EachLaneFindsItsOwnConnectionAgain', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { lanes: false }, lanes: 'off' });
    let client = await enter(t, daemon, 'mine');
    const lanes = ['a', 'b', 'c'];
    let last = await Promise.all(lanes.map((lane) => say(sim, client, `begin ${lane}`, { stream_id: lane })));
    assert.equal(new Set(last.map((said) => said.connection)).size, 3);
    for (let round = 0; round < 2; ++round) {
      await leave(daemon, client);
      client = await enter(t, daemon, 'mine');
      const goOn = (lane, i) => say(sim, client, `round ${round} of ${lane}`, { stream_id: lane, ...after(last[i]) });
      const next = await Promise.all(lanes.map(goOn));
      next.forEach((said, i) => assertGoesOn(said, last[i]));
      last = next;
    }
    assert.equal(sim.upgrades().length, 3);
  });
});

describe('several sockets of one session', { concurrency: kAtOnce }, () => {
  test('SocketsOfOneSessionHaveAConnectionEach', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ do: { delay_ms: 100 } }] });
    const clients = await Promise.all(['a', 'b', 'c'].map(() => enter(t, daemon, 'mine')));
    const first = await Promise.all(clients.map((client, i) => say(sim, client, `begin ${i}`)));
    assert.equal(new Set(first.map((said) => said.connection)).size, 3);
    let last = first;
    for (let round = 0; round < 3; ++round) {
      const next = await Promise.all(clients.map((client, i) => say(sim, client, `round ${round} of ${i}`, after(last[i]))));
      next.forEach((said, i) => assertGoesOn(said, last[i]));
      last = next;
    }
    for (const [i, client] of clients.entries()) {
      const anew = await say(sim, client, `anew ${i}`);
      assert.equal(anew.connection, first[i].connection, 'also without a parent');
    }
    assert.equal(sim.upgrades().length, 3);
  });

  test('WhatOneSocketLeavesIsForTheNextThatComes', async (t) => {
    const { sim, daemon } = await gateway(t);
    const [a, b] = [await enter(t, daemon, 'mine'), await enter(t, daemon, 'mine')];
    const [ofA, ofB] = [await say(sim, a, 'I am a'), await say(sim, b, 'I am b')];
    await leave(daemon, a);
    const next = await enter(t, daemon, 'mine');
    const again = await say(sim, next, 'a again', after(ofA));
    assertGoesOn(again, ofA);
    assertGoesOn(await say(sim, b, 'b still', after(ofB)), ofB);
    assert.equal(sim.upgrades().length, 2);
  });

  test('AnotherSocketsParentIsContinuedOnItsConnection', async (t) => {
    const { sim, daemon } = await gateway(t);
    const [a, b] = [await enter(t, daemon, 'mine'), await enter(t, daemon, 'mine')];
    const ofA = await say(sim, a, 'I am a');
    const ofB = await say(sim, b, 'I am b');
    const second = await say(sim, b, 'a, said by b', after(ofA));
    assertGoesOn(second, ofA);
    const third = await say(sim, a, 'a, by itself', after(second));
    assertGoesOn(third, second);
    await say(sim, b, 'b, by itself', after(ofB)); // on its own or with all of it: it goes on
    assertDone(await a.turn({ ...kBase, input: 'and on', ...after(third) }));
  });

  test('AConnectionInUseIsNotTakenForAnotherSocketsTurn', async (t) => {
    const script = [{ match: { input_contains: 'slowly' }, do: { deltas: 40, interval_us: 20_000 } }];
    const { sim, daemon } = await gateway(t, { script });
    const [a, b] = [await enter(t, daemon, 'mine'), await enter(t, daemon, 'mine')];
    const ofA = await say(sim, a, 'I am a');
    a.create({ ...kBase, input: 'slowly, please', ...after(ofA) });
    await a.next('response.output_text.delta');
    assertRebuilt(await say(sim, b, 'a, said by b', after(ofA)), ofA, 3);
    const slow = assertDone(await a.toEnd());
    assertGoesOn(await say(sim, a, 'a again', { previous_response_id: slow.id }), { ...ofA, id: slow.id });
  });
});

describe('accounts[].max_connections', { concurrency: kAtOnce }, () => {
  test('TheLongestIdleConnectionGivesWay', async (t) => {
    const { sim, daemon, account } = await gateway(t, { account: { max_connections: 2 }, config: { server: { threads: 1 } } });
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => enter(t, daemon, name)));
    const firstOfA = await say(sim, a, 'I am a');
    const ofB = await say(sim, b, 'I am b');
    const ofA = await say(sim, a, 'a again', after(firstOfA)); // now b's is the older one
    const ofC = await say(sim, c, 'I am c');
    await closed(sim, ofB.connection);
    assert.equal((await account()).connections, 2);
    assertGoesOn(await say(sim, c, 'c again', after(ofC)), ofC);
    assertRebuilt(await say(sim, b, 'b again', after(ofB)), ofB, 3);
    await closed(sim, ofA.connection);
    assertRebuilt(await say(sim, a, 'a at last', after(ofA)), ofA, 5);
    assert.equal((await account()).connections, 2);
    assert.equal(daemon.logged('upstream connection evicted').length, 3);
  });

  test('WhatAClientLeftGivesWayBeforeWhatOneHolds', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { max_connections: 2 }, config: { server: { threads: 1 } } });
    const a = await enter(t, daemon, 'a');
    const ofA = await say(sim, a, 'I am a');
    const b = await enter(t, daemon, 'b');
    const ofB = await say(sim, b, 'I am b');
    await leave(daemon, b);
    await say(sim, await enter(t, daemon, 'c'), 'I am c');
    await closed(sim, ofB.connection);
    assertGoesOn(await say(sim, a, 'a again', after(ofA)), ofA);
    assertRebuilt(await say(sim, await enter(t, daemon, 'b'), 'b again', after(ofB)), ofB, 3);
  });

  // {client, loop} of a session on each of the two loops.
  async function onBothLoops(t, daemon) {
    const found = new Map();
    for (let i = 1; found.size < 2; ++i) {
      const client = await enter(t, daemon, `session ${i}`);
      const begun = await waitFor(() => daemon.logged('session begun')[i - 1], `the beginning of session ${i}`);
      if (!found.has(begun.loop)) found.set(begun.loop, client);
    }
    return [...found.values()];
  }

  test('AnIdleConnectionOfAnotherLoopGivesWayToo', async (t) => {
    const { sim, daemon, account } = await gateway(t, { account: { max_connections: 1 }, config: { server: { threads: 2 } } });
    const [a, b] = await onBothLoops(t, daemon);
    const ofA = await say(sim, a, 'I am a');
    await parked(account, 1);
    const ofB = await say(sim, b, 'I am b');
    await closed(sim, ofA.connection);
    await parked(account, 1);
    const again = await say(sim, a, 'a again', after(ofA));
    assertRebuilt(again, ofA, 3);
    await closed(sim, ofB.connection);
    await parked(account, 1);
    assertRebuilt(await say(sim, b, 'b again', after(ofB)), ofB, 3);
    await closed(sim, again.connection);
    assert.equal((await account()).connections, 1);
  });

  test('ARunningTurnNeverGivesWay', async (t) => {
    const script = [{ match: { input_contains: 'slowly' }, do: { deltas: 40, interval_us: 20_000 } }];
    for (const threads of [1, 2]) {
      const config = { server: { threads } };
      const { sim, daemon, account } = await gateway(t, { account: { max_connections: 1 }, config, script });
      const [a, b] = threads === 1 ? [await enter(t, daemon, 'a'), await enter(t, daemon, 'b')] : await onBothLoops(t, daemon);
      a.create({ ...kBase, input: 'slowly, please' });
      await a.next('response.output_text.delta');
      const refused = await b.turn({ ...kBase, input: 'me too' });
      assert.equal(refused.error.code, 'rate_limit_exceeded');
      assert.ok(Number(refused.terminal.headers['retry-after']) >= 1);
      const slow = assertDone(await a.toEnd());
      await parked(account, 1);
      await say(sim, b, 'me too, then');
      await parked(account, 1);
      const again = await say(sim, a, 'a again', { previous_response_id: slow.id });
      assert.deepEqual([again.parent, again.items], [undefined, 3]);
    }
  });
});

describe('pool.spares', { concurrency: kAtOnce }, () => {
  const config = { server: { threads: 1 }, pool: { spares: 1 } };

  test('AFirstTurnFindsAConnectionThatIsOpen', async (t) => {
    const nobodyElse = { match: { connection: 2 }, do: { upgrade: { hang: true } } };
    const { sim, daemon, account } = await gateway(t, { config, script: [nobodyElse] });
    await parked(account, 1);
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    assert.equal(first.connection, 1, 'the spare; another could not have answered');
    assertGoesOn(await say(sim, client, 'two', after(first)), first);
    assert.equal(await daemon.metric('turngate_upstream_reused_total'), 1, 'a spare is no reused one');
  });

  test('SparesAreReplacedAsTheyAreTaken', async (t) => {
    const { sim, daemon, account } = await gateway(t, { config: { ...config, pool: { spares: 2 } } });
    for (let i = 1; i <= 3; ++i) {
      await parked(account, 2 + (i - 1));
      const dialed = sim.upgrades().length;
      const said = await say(sim, await enter(t, daemon, `session ${i}`), `I am ${i}`);
      assert.ok(said.connection <= dialed, 'one of those that were there');
    }
    await parked(account, 5);
    assert.equal(sim.upgrades().length, 5);
  });

  test('SparesCountAndGiveWay', async (t) => {
    const { sim, daemon, account } = await gateway(t, { account: { max_connections: 1 }, config });
    await parked(account, 1);
    const [a, b] = [await enter(t, daemon, 'a'), await enter(t, daemon, 'b')];
    const ofA = await say(sim, a, 'I am a');
    assert.equal(ofA.connection, 1);
    await say(sim, b, 'I am b');
    assert.equal((await account()).connections, 1);
    assertRebuilt(await say(sim, a, 'a again', after(ofA)), ofA, 3);
    assert.equal(sim.upgrades().length, 3, 'no spare while there is no room');
  });

  const kFailures = {
    refused: { status: 503, body: {} },
    reset: { then: { kind: 'reset', delay_ms: 50 } },
    'closed with the handshake': { then: { kind: 'close', code: 1011 } },
  };
  for (const [name, upgrade] of Object.entries(kFailures)) {
    test(`SparesThatFailAreNotDialedInATightLoop: ${name}`, async (t) => {
      const { sim, daemon } = await gateway(t, { config, script: [{ do: { upgrade } }] });
      await waitFor(() => sim.upgrades().length >= 3, 'three dials');
      const [first, second, third] = sim.upgrades().map((entry) => entry.ms);
      assert.ok(second - first >= 950 && third - second >= 1900, `at ${first}, ${second} and ${third} ms`);
      await sim.script([]);
      await say(sim, await enter(t, daemon, 'mine'), 'one');
    });
  }

  test('SparesGrowOldToo', async (t) => {
    const { sim, account } = await gateway(t, { account: { max_age: '1s' }, config });
    await parked(account, 1);
    await closed(sim, 1);
    await parked(account, 1);
    assert.ok(sim.upgrades()[1].ms - sim.upgrades()[0].ms >= 950);
  });
});

describe('accounts[].max_age', { concurrency: kAtOnce }, () => {
  const slowly = (ms) => [{ do: { deltas: 10, interval_us: ms * 100 } }];

  test('ATurnLongerThanTheAgeEndsAndTheNextIsOnANewConnection', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { max_age: '1s' }, script: slowly(1300) });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    assert.equal(endOf(sim, first.connection), undefined);
    const second = await say(sim, client, 'two', after(first));
    assertRebuilt(second, first, 3);
    assert.equal((await closed(sim, first.connection)).how, 'close');
    const third = await say(sim, client, 'three', after(second));
    assertRebuilt(third, second, 5);
    const rows = await daemon.usage(3);
    assert.deepEqual(rows.map((row) => [row.status, row.attempts]), Array(3).fill(['completed', 1]));
  });

  test('AStoredConversationGoesOnByItsIdOnANewConnection', async (t) => {
    const config = { continuity: { chain_max_per_session: 0 } };
    const { sim, daemon } = await gateway(t, { account: { max_age: '1s' }, config, script: slowly(1200) });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one', { store: true });
    const second = await say(sim, client, 'two', { store: true, ...after(first) });
    assert.notEqual(second.connection, first.connection);
    assert.deepEqual([second.parent, second.items], [first.id, 1]);
  });

  test('WhatCannotBeSentAgainStaysWhereItIs', async (t) => {
    const config = { continuity: { chain_max_per_session: '1KiB' } };
    const { sim, daemon } = await gateway(t, { account: { max_age: '1s' }, config, script: slowly(1200) });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'a long beginning'.padEnd(3000, '.'));
    const second = await say(sim, client, 'two', after(first));
    assertGoesOn(second, first);
    assertGoesOn(await say(sim, client, 'three', after(second)), second);
    const anew = await say(sim, client, 'begin anew');
    assert.notEqual(anew.connection, first.connection, 'nothing keeps it there');
  });

  test('WhoseClientLeftStaysToo', async (t) => {
    const config = { continuity: { chain_max_per_session: 0 } };
    const { sim, daemon } = await gateway(t, { account: { max_age: '1s' }, config, script: slowly(1200) });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    await leave(daemon, client);
    assertGoesOn(await say(sim, await enter(t, daemon, 'mine'), 'two', after(first)), first);
  });

  test('ConversationsOutliveTheUpstreamsLimit', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { max_age: '1s' }, wall: 2, script: slowly(400) });
    const client = await enter(t, daemon, 'mine');
    let said = await say(sim, client, 'zero');
    for (let i = 1; i <= 10; ++i) said = await say(sim, client, `number ${i}`, after(said));
    assert.ok(sim.upgrades().length >= 3);
    assert.ok(sim.ends().every(({ end }) => end.side === 'client'), 'none of them met it');
    assert.ok((await daemon.usage(11)).every((row) => row.attempts === 1));
  });
});

describe("the upstream's own limit", { concurrency: kAtOnce }, () => {
  test('AConnectionThatMeetsItBetweenTurnsIsReplaced', async (t) => {
    const { sim, daemon } = await gateway(t, { wall: 0.7 });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    assert.equal((await closed(sim, first.connection)).side, 'sim');
    await daemon.loggedOnce('upstream connection ended');
    assertRebuilt(await say(sim, client, 'two', after(first)), first, 3);
  });

  test('ATurnThatMeetsItUnseenIsMended', async (t) => {
    const script = [{ match: { process_create: 2 }, do: { delay_ms: 5000 } }];
    const { sim, daemon } = await gateway(t, { wall: 1, script });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    const second = await say(sim, client, 'two', after(first));
    assertRebuilt(second, first, 3);
    assertGoesOn(await say(sim, client, 'three', after(second)), second);
    const rows = await daemon.usage(3);
    assert.deepEqual(rows.map((row) => [row.attempts, row.retry_reason]), [[1, ''], [2, 'connection_limit'], [1, '']]);
  });

  test('ATurnThatMeetsItInMidContentIsTold', async (t) => {
    const script = [{ match: { process_create: 2 }, do: { deltas: 500, interval_us: 10_000 } }];
    const { sim, daemon } = await gateway(t, { wall: 1, script });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    const told = await client.turn({ ...kBase, input: 'two', ...after(first) });
    assert.equal(told.error.code, 'websocket_connection_limit_reached');
    assert.ok(Number.isInteger(told.terminal.status));
    assertRebuilt(await say(sim, client, 'three', after(first)), first, 3);
    assert.deepEqual(client.unread(), []);
  });

  test('WhatCannotBeSentAgainIsToldThere', async (t) => {
    const config = { continuity: { chain_max_per_session: 0 } };
    const { sim, daemon } = await gateway(t, { wall: 0.7, config });
    const client = await enter(t, daemon, 'mine');
    const first = await say(sim, client, 'one');
    await daemon.loggedOnce('upstream connection ended');
    const lost = await client.turn({ ...kBase, input: 'two', ...after(first) });
    assert.equal(lost.error.code, 'previous_response_not_found');
    await say(sim, client, 'all of it again');
  });
});

describe('pings', { concurrency: kAtOnce }, () => {
  const config = { pool: { ping_interval: '500ms', pong_timeout: '500ms' } };
  const silent = { match: { input_contains: 'be silent' }, do: { fault: { kind: 'no_pong', when: 'after' } } };

  for (const stays of [true, false]) {
    test(`AParkedConnectionThatAnswersNoPingIsDropped: its client ${stays ? 'stays' : 'has left'}`, async (t) => {
      const { sim, daemon, account } = await gateway(t, { config, script: [silent] });
      const other = await enter(t, daemon, 'other');
      const lively = await say(sim, other, 'I am here');
      const client = await enter(t, daemon, 'mine');
      const first = await say(sim, client, 'be silent');
      if (!stays) await leave(daemon, client);
      const { by, ts } = await daemon.loggedOnce('upstream connection ended');
      assert.equal(by, 'silent');
      const [, ended] = daemon.logged('turn ended');
      const took = Date.parse(ts) - Date.parse(ended.ts);
      assert.ok(took < 2000, `${took} ms`);
      assert.equal((await account()).connections, 1);

      const again = stays ? client : await enter(t, daemon, 'mine');
      const second = await say(sim, again, 'two', after(first));
      assertRebuilt(second, first, 3);
      assertGoesOn(await say(sim, again, 'three', after(second)), second);
      assertGoesOn(await say(sim, other, 'I am still here', after(lively)), lively);
      assert.ok((await daemon.usage(5)).every((row) => row.attempts === 1), 'no turn had to find out');
    });
  }
});

describe('turn state', { concurrency: kAtOnce }, () => {
  const kState = 'gAAAA"\\ü==';
  const kTool = { type: 'function', name: 'look', parameters: { type: 'object', properties: {} } };
  const call = { call: { name: 'look', arguments: {}, call_id: 'call_1' } };
  const output = [{ type: 'function_call_output', call_id: 'call_1', output: 'seen' }];
  const calls = { metadata_turn_state: kState, answer: [call] };
  const lost = { metadata_turn_state: kState, fault: { kind: 'reset', when: 'created' } };
  const stateIn = (create) => create.event.client_metadata?.['x-codex-turn-state'];

  async function lose(sim, daemon) {
    const before = daemon.logged('upstream connection ended').length;
    await sim.reset('all');
    await waitFor(() => daemon.logged('upstream connection ended').length > before, 'the loss to be noticed');
  }

  const kMetadata = [
    // the client's, and what goes up with the second attempt
    [undefined, { 'x-codex-turn-state': kState }],
    [{}, { 'x-codex-turn-state': kState }],
    [{ a: '1' }, { a: '1', 'x-codex-turn-state': kState }],
    [{ 'x-codex-turn-state': 'my own' }, { 'x-codex-turn-state': 'my own' }],
  ];

  test('IsReplayedToTheConnectionThatReplacesOneInMidTurn', async (t) => {
    const script = [{ match: { connection: 1 }, do: lost }];
    for (const [client_metadata, wanted] of kMetadata) {
      const { sim, daemon } = await gateway(t, { script });
      const client = await enter(t, daemon, 'mine');
      const { turn, connection } = await say(sim, client, 'lose me', { client_metadata });
      const [before, again] = sim.creates();
      assert.deepEqual(before.event.client_metadata, client_metadata);
      assert.deepEqual(again.event, { ...before.event, client_metadata: wanted }, 'all else as it was');
      const next = await say(sim, client, 'and on', { previous_response_id: turn.id });
      assert.equal(next.connection, connection);
      assert.equal(next.event.client_metadata, undefined);
    }
  });

  test('IsReplayedToTheConnectionThatReplacesOneBetweenACallAndItsOutput', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ times: 1, do: calls }] });
    const client = await enter(t, daemon, 'mine');
    const asked = assertDone(await client.turn({ ...kBase, input: 'look', tools: [kTool] }));
    await lose(sim, daemon);
    const answered = assertDone(await client.turn({ ...kBase, input: output, previous_response_id: asked.id }));
    assert.equal(stateIn(sim.creates().at(-1)), kState);
    await lose(sim, daemon);
    await say(sim, client, 'something else', { previous_response_id: answered.id });
    assert.equal(stateIn(sim.creates().at(-1)), undefined, 'it was of another turn of the user');
  });

  test('IsNotSaidToAConnectionThatHeardIt', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ times: 1, do: calls }] });
    const client = await enter(t, daemon, 'mine');
    const asked = assertDone(await client.turn({ ...kBase, input: 'look', tools: [kTool] }));
    assertDone(await client.turn({ ...kBase, input: output, previous_response_id: asked.id }));
    assert.deepEqual(sim.creates().map(stateIn), [undefined, undefined]);
  });

  test('ComesBackWithItsClient', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ times: 1, do: calls }] });
    const client = await enter(t, daemon, 'mine');
    const asked = assertDone(await client.turn({ ...kBase, input: 'look', tools: [kTool] }));
    await leave(daemon, client);
    await lose(sim, daemon);
    const again = await enter(t, daemon, 'mine');
    assertDone(await again.turn({ ...kBase, input: output, previous_response_id: asked.id }));
    assert.equal(stateIn(sim.creates().at(-1)), kState);
  });

  test('IsOfItsLane', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ match: { lane: 'one' }, times: 1, do: calls }] });
    const client = await enter(t, daemon, 'mine');
    await say(sim, client, 'hello', { stream_id: 'two' });
    assertDone(await client.turn({ ...kBase, input: 'look', tools: [kTool], stream_id: 'one' }));
    await lose(sim, daemon);
    await say(sim, client, 'a new one', { stream_id: 'two' });
    assert.equal(stateIn(sim.creates().at(-1)), undefined);
  });

  test('IsReplayedAlsoWhereAnotherLaneCameFirst', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ match: { lane: 'one' }, times: 1, do: calls }] });
    const client = await enter(t, daemon, 'mine');
    const asked = assertDone(await client.turn({ ...kBase, input: 'look', tools: [kTool], stream_id: 'one' }));
    await lose(sim, daemon);
    await say(sim, client, 'a new one', { stream_id: 'two' });
    assertDone(await client.turn({ ...kBase, input: output, previous_response_id: asked.id, stream_id: 'one' }));
    assert.equal(stateIn(sim.creates().at(-1)), kState, 'this connection has not heard it');
  });

  test('IsReplayedForEachLaneThatWasLostInMidTurn', async (t) => {
    const hanging = { metadata_turn_state: kState, fault: { kind: 'hang', when: 'created' } };
    const script = [{ match: { connection: 1 }, do: hanging }];
    const { sim, daemon } = await gateway(t, { script });
    const client = await connect(t, daemon.wsUrl, { headers: { 'session-id': 'mine', originator: 'codex_exec' } }); // it is told
    const lanes = ['one', 'two', 'three'];
    const turns = lanes.map((lane) => client.turn({ ...kBase, input: `I am ${lane}`, stream_id: lane }));
    await waitFor(() => client.frames.filter(({ event }) => event.type === 'response.metadata').length === 3, 'their states');
    await sim.reset('all');
    (await Promise.all(turns)).forEach(assertDone);
    assert.deepEqual(sim.creates().slice(3).map(stateIn), lanes.map(() => kState));
  });
});
