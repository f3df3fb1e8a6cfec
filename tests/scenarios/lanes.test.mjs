import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { connect, isTerminal } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { connectAs, connectionsOf, createsOf, roundTrip, speaking, textsOf, transcriptOf } from './lib/named.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// behaviour.md section 2, protocol.md section 4: a lane is a queue of turns; what one does, the others do not notice,
// whether they share an upstream connection or not.

// Tests of what the gateway does not keep to yet. Nothing should be here.
const kKnown = [];
const known = (name) => ({ todo: kKnown.includes(name) });

const kRefusal = { status: 400, code: 'invalid_prompt', message: 'No.' };
const kHang = (when) => ({ fault: { kind: 'hang', when } });

// What inputs bring about. A context that is sent anew has them in it again, so some work once.
const kScript = [
  { match: { input_contains: 'at length' }, do: { deltas: 40, interval_us: 15_000 } },
  { match: { input_contains: 'never end' }, do: kHang('content:2') },
  { match: { input_contains: 'hang unseen' }, times: 1, do: kHang('created') },
  { match: { input_contains: 'leave me' }, times: 1, do: { deltas: 80, interval_us: 15_000 } },
  { match: { input_contains: 'refuse one of us' }, times: 1, do: { delay_ms: 150, error: { type: 'invalid_request_error', message: 'No.', typeless: true } } },
  { match: { input_contains: 'begin late' }, times: 1, do: { delay_ms: 700 } },
  { match: { input_contains: 'refuse me late' }, do: { error: { ...kRefusal, after: 'content:2' } } },
  { match: { input_contains: 'refuse me' }, do: { error: kRefusal } },
  { match: { input_contains: 'fail me' }, do: { failed: { code: 'invalid_prompt', message: 'No.' } } },
];
const kPreemptScript = [
  { match: { input_contains: 'speak first', parent: 'memory' }, do: kHang('content:2') },
  { match: { input_contains: 'say nothing', parent: 'memory' }, do: kHang('before') },
  { match: { input_contains: 'never end' }, do: kHang('content:2') },
  { match: { input_contains: 'at length' }, do: { deltas: 40, interval_us: 15_000 } },
];

const scope = { after };
const sim = await startSim(scope, { script: kScript });
const laneless = await startSim(scope, { script: kScript, lanes: 'off' });
const shortLived = await startSim(scope, { script: kScript, wall: 3 });
const twins = { deltas: 20, deltaIntervalUs: 5000, seed: 4711 };
const [twin, original] = [await startSim(scope, twins), await startSim(scope, twins)];
const [preempted, lanelessPreempted] = [
  await startSim(scope, { script: kPreemptScript }),
  await startSim(scope, { script: kPreemptScript, lanes: 'off' }),
];

// An account is chosen by the model that it alone has.
const account = (upstream, model, more = {}) =>
  accountOf(upstream, { name: model, models: { [model]: 'sim-1' }, concurrency: 200, ...more });
const daemon = await startDaemon(scope, {
  config: {
    accounts: [
      account(sim, 'sim-1'),
      account(sim, 'fragile-1'),
      account(sim, 'fragile-2'),
      account(laneless, 'grok-sim', { kind: 'xai' }),
      account(laneless, 'single-sim', { lanes: false }),
      account(twin, 'twin-sim'),
      account(shortLived, 'mortal-sim'),
    ],
  },
});
const preempting = await startDaemon(scope, {
  config: {
    lanes: { overlap: 'preempt' },
    accounts: [account(preempted, 'sim-1'), account(lanelessPreempted, 'single-sim', { lanes: false })],
  },
});

const kBase = { model: 'sim-1', store: false };
const kLaneless = ['grok-sim', 'single-sim'];

const laneOf = (event) => event.stream_id;
const deltasOf = (turn) => turn.events.filter((event) => event.type === 'response.output_text.delta');

function assertWhole(turn, lane) {
  assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
  assert.deepEqual(turn.events.map((event) => event.sequence_number), [...turn.events.keys()], 'in order, nothing missing');
  assert.ok(turn.events.every((event) => laneOf(event) === lane), `all on lane ${lane}`);
  assert.equal(turn.types.filter((type) => type === 'response.created').length, 1);
}

// Of one turn of each lane, all begun at once.
async function turnsOf(client, lanes, fields) {
  for (const lane of lanes) client.create({ ...fields(lane), stream_id: lane });
  return Object.fromEntries(await Promise.all(lanes.map(async (lane) => [lane, await client.toEnd(lane)])));
}

function assertInterrupted(turn, lane) {
  assert.equal(turn.terminal.type, 'response.incomplete', JSON.stringify(turn.terminal));
  assert.equal(turn.response.incomplete_details.reason, 'interrupted');
  assert.equal(laneOf(turn.terminal), lane);
}

const rowOf = async (from, id) =>
  waitFor(async () => (await from.usage(1)).find((row) => row.upstream_response_id === id), `the bill of ${id}`);

describe('Lanes', { concurrency: 4 }, () => {
  test('ShareOneConnectionAndRunAtTheSameTime', async (t) => {
    const client = await connectAs(t, daemon, 'share');
    const lanes = [undefined, 'a', 'b.2-x_Y'];
    const turns = await turnsOf(client, lanes, (lane) => ({ ...kBase, input: `Talk at length of ${lane}.` }));
    for (const lane of lanes) {
      assertWhole(turns[lane], lane);
      assert.ok(turns[lane].text.includes(`of ${lane}`), 'its own answer');
      assert.equal(deltasOf(turns[lane]).length, 40);
    }
    const order = client.frames.map((frame) => laneOf(frame.event));
    for (const one of lanes)
      for (const other of lanes) assert.ok(order.indexOf(one) < order.lastIndexOf(other), `${one} began before ${other} ended`);
    assert.equal(connectionsOf(sim, 'share').length, 1);
    assert.deepEqual(client.unread(), []);
  });

  test('TakeTheirTurnsOneAfterTheOther', async (t) => {
    const client = await connectAs(t, daemon, 'fifo');
    const lanes = [undefined, 'a'];
    for (let i = 0; i < 5; ++i) for (const lane of lanes) client.create({ ...kBase, input: `number ${i}`, stream_id: lane });
    for (const lane of lanes)
      for (let i = 0; i < 5; ++i) {
        const turn = await client.toEnd(lane);
        assertWhole(turn, lane);
        assert.ok(turn.text.includes(`number ${i}`));
      }
    for (const lane of lanes) assertNeverTwo(transcriptOf(sim, 'fifo'), lane);
  });

  // No create of the lane goes up before the one before it has been answered.
  function assertNeverTwo(transcript, lane) {
    let running = 0;
    for (const { event, response } of transcript) {
      if (event?.type === 'response.create' && laneOf(event) === lane) assert.equal(++running, 1);
      if (response && response.lane === (lane ?? '')) --running;
    }
    assert.equal(running, 0);
  }

  test('BringEachDeltaByteForByte', async (t) => {
    const talk = async (client, model) => {
      client.create({ model, input: 'one', stream_id: 'a' });
      await speaking(client, 'a');
      client.create({ model, input: 'two', stream_id: 'b' });
      const turns = [await client.toEnd('a'), await client.toEnd('b')];
      return turns.map((turn) => turn.texts.map((text) => text.replace(/"(created|completed)_at":\d+/g, '')));
    };
    const direct = await talk(await connect(t, original.wsUrl, { key: original.key }), 'sim-1');
    const relayed = await talk(await connectAs(t, daemon, 'twin'), 'twin-sim');
    assert.deepEqual(relayed, direct);
    assert.equal(relayed[0].filter((text) => text.includes('output_text.delta')).length, 20);
  });

  test('RunSixteenAtATimeAndTheSeventeenthWaits', async (t) => {
    const client = await connectAs(t, daemon, 'sixteen');
    const lanes = Array.from({ length: 16 }, (_, i) => `lane-${i}`);
    for (const lane of lanes) client.create({ ...kBase, input: 'Please never end.', stream_id: lane });
    const ids = await Promise.all(lanes.map((lane) => speaking(client, lane)));
    client.create({ ...kBase, input: 'Is it my turn?', stream_id: 'waiting' });
    const other = await connectAs(t, daemon, 'sixteen, the other'); // time enough to go up if it could
    assertWhole(await other.turn({ ...kBase, input: 'x' }));
    assert.equal(createsOf(sim, 'sixteen').length, 16);

    client.send({ type: 'response.interrupt', response_id: ids[7], mode: 'discard_partial_items' });
    assertInterrupted(await client.toEnd('lane-7'), 'lane-7');
    assertWhole(await client.toEnd('waiting'), 'waiting');
    assert.equal(connectionsOf(sim, 'sixteen').length, 1);
    assert.ok(client.unread().every((event) => lanes.includes(laneOf(event)) && !isTerminal(event)), 'the others run on');
  });

  test('AreThirtyTwoByNameAndTheNextIsRefused', async (t) => {
    const client = await connectAs(t, daemon, 'names');
    const lanes = Array.from({ length: 32 }, (_, i) => `lane-${i}`);
    const turns = await turnsOf(client, lanes, () => ({ ...kBase, input: 'x' }));
    for (const lane of lanes) assertWhole(turns[lane], lane);
    const refused = await client.turn({ ...kBase, input: 'x', stream_id: 'one-more' });
    assert.deepEqual([refused.error.code, refused.error.param], ['websocket_stream_limit_reached', 'stream_id']);
    assert.equal(refused.terminal.status, 400);
    assertWhole(await client.turn({ ...kBase, input: 'x' }));
    const on = { ...kBase, input: 'on', stream_id: 'lane-9', previous_response_id: turns['lane-9'].id };
    assertWhole(await client.turn(on), 'lane-9');
    assert.deepEqual(createsOf(sim, 'names').filter(({ event }) => laneOf(event) === 'one-more'), []);
    assert.deepEqual(client.unread(), []);
  });

  test('LetSixtyFourWaitAndTheNextIsRefused', async (t) => {
    const client = await connectAs(t, daemon, 'waiting');
    client.create({ ...kBase, input: 'Please never end.', stream_id: 'a' });
    await speaking(client, 'a');
    for (let i = 0; i < 64; ++i) client.create({ ...kBase, generate: false, input: `number ${i}`, stream_id: 'a' });
    await roundTrip(client);
    for (const lane of ['a', 'b']) {
      client.create({ ...kBase, input: 'x', stream_id: lane });
      const refused = await client.next('error');
      assert.deepEqual([refused.status, refused.error.code, laneOf(refused)], [429, 'rate_limit_exceeded', lane]);
      assert.ok(Number(refused.headers['retry-after']) > 0);
    }
    assert.equal(createsOf(sim, 'waiting').length, 1);
    client.send({ type: 'response.cancel', stream_id: 'a' });
    assertInterrupted(await client.toEnd('a'), 'a');
    for (let i = 0; i < 64; ++i) assertWhole(await client.toEnd('a'), 'a');
    const inputs = createsOf(sim, 'waiting').slice(1).map(({ event }) => event.input);
    assert.deepEqual(inputs, Array.from({ length: 64 }, (_, i) => `number ${i}`));
    assert.deepEqual(client.unread(), []);
  });

  test('HearOfTheirOwnErrorsAndNobodyElses', async (t) => {
    const client = await connectAs(t, daemon, 'errors');
    client.create({ ...kBase, input: 'Talk at length.', stream_id: 'neighbour' });
    await speaking(client, 'neighbour');
    const first = await client.turn({ ...kBase, input: 'x', stream_id: 'a' });
    const wrong = [
      [{ input: 'refuse me' }, 'invalid_prompt'],
      [{ input: 'refuse me late' }, 'invalid_prompt'],
      [{ input: 'fail me' }, 'invalid_prompt'],
      [{ input: 'x', previous_response_id: 'resp_unheard_of' }, 'previous_response_not_found'],
      [{ input: 'x', previous_response_id: first.id, conversation: 'conv_1' }, 'invalid_request'],
      [{ input: 'x', model: 'unheard-of' }, 'model_not_found'],
      [{ input: 7 }, 'invalid_request'],
    ];
    for (const [fields, code] of wrong) {
      const told = await client.turn({ ...kBase, stream_id: 'a', ...fields });
      assert.equal(told.error.code, code);
      assert.equal(laneOf(told.terminal), 'a');
      assertWhole(await client.turn({ ...kBase, input: 'go on', stream_id: 'a' }), 'a');
    }
    assertWhole(await client.toEnd('neighbour'), 'neighbour');
    assert.equal(connectionsOf(sim, 'errors').length, 1);
    assert.deepEqual(client.unread(), []);
  });

  // An error without a type or a lane ends one of them, and nobody can say which: what goes on is not the next turn's.
  test('DoNotGetTheRestOfEachOtherAfterAnErrorThatIsAnybodys', async (t) => {
    const client = await connectAs(t, daemon, 'anybody');
    const lanes = ['a', 'b'];
    const firsts = await turnsOf(client, lanes, () => ({ ...kBase, input: 'first' }));
    const inputs = { a: 'begin late', b: 'refuse one of us' };
    const told = await turnsOf(client, lanes, (lane) => ({ ...kBase, input: inputs[lane], previous_response_id: firsts[lane].id }));
    assert.ok(lanes.every((lane) => told[lane].terminal.type === 'error'));
    for (const round of ['whole', 'again']) {
      const turns = await turnsOf(client, lanes, (lane) => ({ ...kBase, input: `${round}, ${lane}` }));
      for (const lane of lanes) {
        assertWhole(turns[lane], lane);
        assert.equal(turns[lane].response.previous_response_id, null);
        assert.ok(turns[lane].text.includes(`${round}, ${lane}`));
      }
    }
    assert.deepEqual(client.unread(), []);
  });

  test('AreEachToldOnceOrMendedWhenTheirConnectionIsLost', async (t) => {
    const { client, lanes, firsts } = await loseManyLanes(t, 'lost', 'fragile-1');
    for (const lane of lanes.told) {
      const turn = await client.toEnd(lane);
      assert.deepEqual([turn.error.code, turn.terminal.status, laneOf(turn.terminal)], ['upstream_disconnected', 502, lane]);
    }
    assertWhole(await client.toEnd('mended'), 'mended');
    for (const lane of [...lanes.told, 'mended']) {
      const fields = { ...kBase, model: 'fragile-1', input: 'go on', stream_id: lane };
      assertWhole(await client.turn({ ...fields, previous_response_id: firsts[lane].id }), lane);
    }
    assert.equal(connectionsOf(sim, 'lost').length, 2, 'all of them on one new connection');
    assert.deepEqual(client.unread(), []);
  });

  test('AreEachToldOnceOrMendedWhenTheirConnectionHasLivedItsTime', async (t) => {
    const client = await connectAs(t, daemon, 'mortal');
    const fields = { ...kBase, model: 'mortal-sim' };
    client.create({ ...fields, input: 'Please never end.', stream_id: 'a' });
    client.create({ ...fields, input: 'Please never end.', stream_id: 'b' });
    client.create({ ...fields, input: 'hang unseen', stream_id: 'mended' });
    assert.equal((await client.toEnd('mended')).terminal.type, 'response.completed');
    for (const lane of ['a', 'b']) {
      const turn = await client.toEnd(lane);
      assert.deepEqual([turn.error.code, laneOf(turn.terminal)], ['websocket_connection_limit_reached', lane]);
    }
    for (const lane of ['a', 'b', 'mended']) assertWhole(await client.turn({ ...fields, input: 'x', stream_id: lane }), lane);
    assert.deepEqual(client.unread(), []);
  });

  test('ALossOfManyLanesIsChargedOnce', known('ALossOfManyLanesIsChargedOnce'), async (t) => {
    const { client, lanes } = await loseManyLanes(t, 'charged', 'fragile-2');
    for (const lane of [...lanes.told, 'mended']) await client.toEnd(lane);
    const { data } = (await daemon.admin('/api/v1/accounts')).body;
    assert.equal(data.find(({ name }) => name === 'fragile-2').faults, 1);
  });

  // Four lanes whose turns run, each with a parent; then their connection is reset. Only of one the client has seen nothing.
  async function loseManyLanes(t, name, model) {
    const client = await connectAs(t, daemon, name);
    const lanes = { told: [undefined, 'told-1', 'told-2'], mended: ['mended'] };
    const all = [...lanes.told, ...lanes.mended];
    const firsts = await turnsOf(client, all, () => ({ ...kBase, model, input: 'first' }));
    const inputs = (lane) => (lane === 'mended' ? `hang unseen` : 'Please never end.');
    for (const lane of all)
      client.create({ ...kBase, model, input: inputs(lane), previous_response_id: firsts[lane].id, stream_id: lane });
    await Promise.all(lanes.told.map((lane) => speaking(client, lane)));
    await waitFor(() => createsOf(sim, name).length === 8, 'all of them to be up');
    const [connection] = connectionsOf(sim, name);
    await sim.reset(connection);
    return { client, lanes, firsts };
  }
});

describe('A lane that is cancelled', { concurrency: 4 }, () => {
  test('LeavesItsNeighboursAloneAndTheRestOfItIsDropped', async (t) => {
    const client = await connectAs(t, daemon, 'cancel');
    const first = await client.turn({ ...kBase, input: 'first', stream_id: 'a' });
    client.create({ ...kBase, input: 'Talk at length.', stream_id: 'b' });
    client.create({ ...kBase, input: 'Talk at length.' });
    client.create({ ...kBase, input: 'leave me, I talk', previous_response_id: first.id, stream_id: 'a' });
    const [id] = await Promise.all(['a', 'b', undefined].map((lane) => speaking(client, lane)));
    client.send({ type: 'response.cancel', stream_id: 'a' });
    const cancelled = await client.toEnd('a');
    assertInterrupted(cancelled, 'a');
    assert.equal(cancelled.response.id, id);
    assertWhole(await client.toEnd('b'), 'b');
    assertWhole(await client.toEnd());
    const isOver = ({ response }) => response?.id === id;
    await waitFor(() => transcriptOf(sim, 'cancel').some(isOver), 'the cancelled one to end upstream');

    const next = await client.turn({ ...kBase, input: 'next', previous_response_id: cancelled.id, stream_id: 'a' });
    assertWhole(next, 'a');
    assert.deepEqual(textsOf(createsOf(sim, 'cancel').at(-1)), ['first', first.text, 'leave me, I talk', 'next']);
    assertWhole(await client.turn({ ...kBase, input: 'on', previous_response_id: next.id, stream_id: 'a' }), 'a');
    assert.equal(connectionsOf(sim, 'cancel').length, 1);
    assert.deepEqual(client.unread(), []);
    const row = await rowOf(daemon, id);
    assert.deepEqual([row.status, row.reason, row.estimated, row.lane], ['cancelled', 'interrupted', true, 'a']);
    assert.ok(row.output_tokens > 0 && row.input_tokens > first.usage.total_tokens);
  });

  test('GoesOnAtOnceWhileTheRestOfItStillComes', async (t) => {
    const client = await connectAs(t, daemon, 'cancel at once');
    client.create({ ...kBase, input: 'Talk at length.', stream_id: 'b' });
    client.create({ ...kBase, input: 'Please never end.', stream_id: 'a' });
    await Promise.all(['a', 'b'].map((lane) => speaking(client, lane)));
    client.send({ type: 'response.cancel', stream_id: 'a' });
    assertInterrupted(await client.toEnd('a'), 'a');
    const next = await client.turn({ ...kBase, input: 'next', stream_id: 'a' });
    assertWhole(next, 'a');
    assertWhole(await client.toEnd('b'), 'b');
    assertWhole(await client.turn({ ...kBase, input: 'on', previous_response_id: next.id, stream_id: 'a' }), 'a');
    assert.deepEqual(client.unread(), []);
  });

  test('TakesItsConnectionWithItWhereLanesHaveTheirOwn', async (t) => {
    const client = await connectAs(t, daemon, 'cancel alone');
    const fields = { ...kBase, model: 'single-sim' };
    client.create({ ...fields, input: 'Talk at length.', stream_id: 'b' });
    client.create({ ...fields, input: 'Please never end.', stream_id: 'a' });
    const [id] = await Promise.all(['a', 'b'].map((lane) => speaking(client, lane)));
    client.send({ type: 'response.cancel', response_id: id });
    assertInterrupted(await client.toEnd('a'), 'a');
    assertWhole(await client.toEnd('b'), 'b');
    const ends = await waitFor(() => ofKind(transcriptOf(laneless, 'cancel alone'), 'end'), 'its connection to end');
    assert.equal(ends.length, 1);
    assertWhole(await client.turn({ ...fields, input: 'next', stream_id: 'a' }), 'a');
    assert.equal(connectionsOf(laneless, 'cancel alone').length, 3);
    assert.deepEqual(client.unread(), []);
  });

  const ofKind = (transcript, kind) => {
    const found = transcript.filter((entry) => entry[kind]);
    return found.length > 0 && found;
  };
});

describe('A fork', { concurrency: 4 }, () => {
  test('GoesOnByIdOnTheConnectionThatBothLanesShare', async (t) => {
    const client = await connectAs(t, daemon, 'fork');
    const root = await client.turn({ ...kBase, input: 'root', stream_id: 'a' });
    const fork = await client.turn({ ...kBase, input: 'fork', previous_response_id: root.id, stream_id: 'b' });
    const other = await client.turn({ ...kBase, input: 'default', previous_response_id: root.id });
    const on = await client.turn({ ...kBase, input: 'on', previous_response_id: root.id, stream_id: 'a' });
    const forkOn = await client.turn({ ...kBase, input: 'fork on', previous_response_id: fork.id, stream_id: 'b' });
    for (const turn of [fork, other, on]) assert.ok(turn.usage.input_tokens > root.usage.total_tokens);
    assert.ok(forkOn.usage.input_tokens > fork.usage.total_tokens);
    const parents = createsOf(sim, 'fork').map(({ event }) => event.previous_response_id);
    assert.deepEqual(parents, [undefined, root.id, root.id, root.id, fork.id]);
    assert.equal(connectionsOf(sim, 'fork').length, 1);
  });

  test('OfWhatItsOriginLeftBehindIsRebuilt', async (t) => {
    const client = await connectAs(t, daemon, 'late fork');
    const root = await client.turn({ ...kBase, input: 'root', stream_id: 'a' });
    await client.turn({ ...kBase, input: 'on', previous_response_id: root.id, stream_id: 'a' });
    const fork = await client.turn({ ...kBase, input: 'fork', previous_response_id: root.id, stream_id: 'b' });
    assertWhole(fork, 'b');
    assert.deepEqual(textsOf(createsOf(sim, 'late fork').at(-1)), ['root', root.text, 'fork']);
  });

  for (const model of kLaneless) {
    test(`IsRebuiltWhereLanesHaveConnectionsOfTheirOwn (${model})`, async (t) => {
      const name = `fork of ${model}`;
      const client = await connectAs(t, daemon, name);
      const fields = { ...kBase, model };
      const root = await client.turn({ ...fields, input: 'root', stream_id: 'a' });
      const fork = await client.turn({ ...fields, input: 'fork', previous_response_id: root.id, stream_id: 'b' });
      assertWhole(fork, 'b');
      const on = await client.turn({ ...fields, input: 'on', previous_response_id: root.id, stream_id: 'a' });
      assertWhole(on, 'a');
      assertWhole(await client.turn({ ...fields, input: 'fork on', previous_response_id: fork.id, stream_id: 'b' }), 'b');
      const creates = createsOf(laneless, name);
      const parents = creates.map(({ event }) => event.previous_response_id);
      assert.deepEqual(parents, [undefined, undefined, root.id, fork.id]);
      assert.deepEqual(textsOf(creates[1]), ['root', root.text, 'fork']);
      assert.equal(connectionsOf(laneless, name).length, 2);
    });
  }
});

describe('Lanes of an account that knows none', { concurrency: 4 }, () => {
  for (const model of kLaneless) {
    test(`HaveConnectionsOfTheirOwnAndTheirNamesPutBackOn (${model})`, async (t) => {
      const name = `own connections of ${model}`;
      const client = await connectAs(t, daemon, name);
      const lanes = [undefined, 'a', 'b'];
      const fields = { ...kBase, model };
      let last = await turnsOf(client, lanes, (lane) => ({ ...fields, input: `Talk at length of ${lane}.` }));
      for (const lane of lanes) assertWhole(last[lane], lane);
      const order = client.frames.map((frame) => laneOf(frame.event));
      for (const one of lanes) for (const other of lanes) assert.ok(order.indexOf(one) < order.lastIndexOf(other));
      for (const input of ['second', 'third']) {
        const next = await turnsOf(client, lanes, (lane) => ({ ...fields, input, previous_response_id: last[lane].id }));
        for (const lane of lanes) assertWhole(next[lane], lane);
        for (const lane of lanes) assert.ok(next[lane].usage.input_tokens > last[lane].usage.total_tokens);
        last = next;
      }
      const creates = createsOf(laneless, name);
      assert.equal(creates.length, 9);
      assert.ok(creates.every(({ message }) => !message.includes('stream_id')));
      assert.ok(creates.slice(3).every(({ event }) => event.previous_response_id), 'by id, each where it was');
      assert.equal(connectionsOf(laneless, name).length, 3);
      assert.deepEqual(client.unread(), []);
    });

    test(`HearOfTheirOwnErrorsAndLosses (${model})`, async (t) => {
      const name = `own errors of ${model}`;
      const client = await connectAs(t, daemon, name);
      const fields = { ...kBase, model };
      client.create({ ...fields, input: 'Talk at length.', stream_id: 'neighbour' });
      await speaking(client, 'neighbour');
      const first = await client.turn({ ...fields, input: 'first', stream_id: 'a' });
      for (const input of ['refuse me', 'refuse me late', 'fail me']) {
        const told = await client.turn({ ...fields, input, stream_id: 'a' });
        assert.equal(told.error.code, 'invalid_prompt');
        assert.ok(told.events.every((event) => laneOf(event) === 'a'));
      }
      client.create({ ...fields, input: 'Please never end.', stream_id: 'a' });
      await speaking(client, 'a');
      await laneless.reset(connectionsOf(laneless, name)[1]);
      const lost = await client.toEnd('a');
      assert.deepEqual([lost.error.code, laneOf(lost.terminal)], ['upstream_disconnected', 'a']);
      const next = await client.turn({ ...fields, input: 'next', previous_response_id: first.id, stream_id: 'a' });
      assertWhole(next, 'a');
      assertWhole(await client.toEnd('neighbour'), 'neighbour');
      assert.deepEqual(client.unread(), []);
    });
  }
});

describe('A create that preempts', { concurrency: 4 }, () => {
  for (const [model, upstream] of [['sim-1', preempted], ['single-sim', lanelessPreempted]])
    for (const lane of [undefined, 'a']) {
      const fields = { ...kBase, model, stream_id: lane };
      const where = `${model}, ${lane ?? 'default lane'}`;

      test(`EndsWhatTheClientHasSeenAsInterrupted (${where})`, async (t) => {
        const client = await connectAs(t, preempting, where);
        const first = await client.turn({ ...fields, input: 'first' });
        client.create({ ...fields, input: 'speak first', previous_response_id: first.id });
        await speaking(client, lane);
        client.create({ ...fields, input: 'instead', previous_response_id: first.id });
        const old = await client.toEnd(lane);
        assertInterrupted(old, lane);
        const taken = await client.toEnd(lane);
        assertWhole(taken, lane);
        assert.ok(taken.text.includes('instead'));
        assert.deepEqual(textsOf(createsOf(upstream, where).at(-1)), ['first', first.text, 'instead']);
        assertWhole(await client.turn({ ...fields, input: 'on', previous_response_id: taken.id }), lane);
        assertWhole(await client.turn({ ...fields, input: 'on from the old one', previous_response_id: old.id }), lane);
        assert.deepEqual(client.unread(), []);
        const row = await rowOf(preempting, old.id);
        assert.deepEqual([row.status, row.reason, row.estimated, row.lane], ['cancelled', 'preempted', true, lane ?? '']);
        assert.ok(row.output_tokens > 0);
      });

      test(`SaysNothingOfWhatTheClientHasNotSeen (${where})`, async (t) => {
        const name = `${where}, unseen`;
        const client = await connectAs(t, preempting, name);
        const first = await client.turn({ ...fields, input: 'first' });
        client.create({ ...fields, input: 'say nothing', previous_response_id: first.id });
        await waitFor(() => createsOf(upstream, name).length === 2, 'it to be up');
        client.create({ ...fields, input: 'instead', previous_response_id: first.id });
        const taken = await client.toEnd(lane);
        assertWhole(taken, lane);
        assert.ok(taken.text.includes('instead'));
        assert.deepEqual(textsOf(createsOf(upstream, name).at(-1)), ['first', first.text, 'instead']);
        assertWhole(await client.turn({ ...fields, input: 'on', previous_response_id: taken.id }), lane);
        assert.deepEqual(client.unread(), []);
        const isIts = (row) => row.account === model && row.lane === (lane ?? '') && row.upstream_response_id === '';
        const row = await waitFor(async () => (await preempting.usage(1)).find(isIts), 'its bill');
        assert.deepEqual([row.status, row.reason, row.estimated, row.output_tokens], ['cancelled', 'preempted', true, 0]);
      });

      test(`IsSoundFirst (${where})`, async (t) => {
        const client = await connectAs(t, preempting, `${where}, unsound`);
        client.create({ ...fields, input: 'Please never end.' });
        const id = await speaking(client, lane);
        const isError = ({ event }) => event?.type === 'error';
        const wrong = [
          [{ ...fields, input: 'x', previous_response_id: 'resp_unheard_of' }, 'previous_response_not_found'],
          [{ ...fields, input: 'x', model: 'unheard-of' }, 'model_not_found'],
          [{ ...fields, input: 7 }, 'invalid_request'],
          [{ ...fields, input: 'x', previous_response_id: 'msg_1' }, 'invalid_request'],
        ];
        for (const [create, code] of wrong) {
          client.create(create);
          const { event } = await client.nextFrame(isError);
          assert.deepEqual([event.error.code, laneOf(event)], [code, lane]);
        }
        client.sendRaw('{"type":"response.create","input":');
        assert.equal((await client.nextFrame(isError)).event.error.code, 'invalid_json');
        client.send({ type: 'response.interrupt', response_id: id, mode: 'discard_partial_items' });
        assertInterrupted(await client.toEnd(lane), lane);
        const row = await rowOf(preempting, id);
        assert.notEqual(row.reason, 'preempted');
        assertWhole(await client.turn({ ...fields, input: 'next' }), lane);
        assert.deepEqual(client.unread(), []);
      });
    }

  test('LeavesOtherLanesAlone', async (t) => {
    const client = await connectAs(t, preempting, 'neighbours');
    client.create({ ...kBase, input: 'Talk at length.', stream_id: 'b' });
    client.create({ ...kBase, input: 'Please never end.', stream_id: 'a' });
    await Promise.all(['a', 'b'].map((lane) => speaking(client, lane)));
    client.create({ ...kBase, input: 'instead', stream_id: 'a' });
    assertInterrupted(await client.toEnd('a'), 'a');
    assertWhole(await client.toEnd('a'), 'a');
    assertWhole(await client.toEnd('b'), 'b');
    assert.deepEqual(client.unread(), []);
  });

  test('MayItselfBePreempted', async (t) => {
    const client = await connectAs(t, preempting, 'one after the other');
    client.create({ ...kBase, input: 'Please never end.' });
    await speaking(client);
    for (let i = 0; i < 5; ++i) client.create({ ...kBase, input: `number ${i}` });
    assertInterrupted(await client.toEnd());
    const seen = [];
    while (!seen.at(-1)?.text.includes('number 4')) seen.push(await client.toEnd());
    const kEnds = ['response.incomplete', 'response.completed']; // either is right: it may just have been through
    assert.ok(seen.every((turn) => kEnds.includes(turn.terminal.type)));
    assertWhole(seen.at(-1));
    assertWhole(await client.turn({ ...kBase, input: 'on', previous_response_id: seen.at(-1).id }));
    assert.deepEqual(client.unread(), []);
  });
});
