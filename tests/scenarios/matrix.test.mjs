import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startSim } from './lib/sim.mjs';
import { play } from './matrix/course.mjs';
import { expectation, faultsOf } from './matrix/expectation.mjs';
import { connectionsByPath, differences, observation } from './matrix/observation.mjs';
import { kStands, rulesOf, Stand } from './matrix/stand.mjs';
import { kCells, kDeltas, kLeftOut } from './matrix/table.mjs';

// behaviour.md section 5, all of it: every fault, at every moment of a turn, in every kind of conversation. The table is
// in matrix/table.mjs, what must come of a cell in matrix/expectation.mjs.

// Cells that fail for a known reason. Must be empty.
const kKnown = [
  { cells: /^close \d+, before it is sent/, why: 'a connection that ends with its handshake leaves its turn waiting' },
  { cells: /^dial unanswered.*with another account/, why: 'a dial that times out does not go to the other account' },
  { cells: /^error 400, after lifecycle/, why: 'an error before content is billed by estimate' },
  { cells: /^(parent|no tool).*, after lifecycle, new/, why: 'the same' },
  { cells: /^(error 50|parent|no tool|connection limit).*, after lifecycle.*(nobody remembers|again)/, why: 'the same' },
  { cells: /^faults of accounts$/, why: 'nothing tells the faults of an account' },
];
const known = (name) => kKnown.find(({ cells }) => cells.test(name))?.why;

const kAtOnce = 8;
// Those that wait for something silent are no work; they wait together.
const waits = (cell) => cell.stand !== 'usual' || (cell.again && cell.fault.row === 'dial') || known(cell.name);

async function inParallel(items, count, work) {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

// All that became of the cells of one stand. `played`: what play() gave for each.
async function observe(scope, name, sims) {
  const cells = kCells.filter((cell) => cell.stand === name);
  const stand = await Stand.start(scope, name, cells, sims);
  const played = new Map();
  const playOne = async (cell) => played.set(cell, await play(scope, cell, stand));
  await Promise.all([
    ...cells.filter(waits).map(playOne),
    inParallel(cells.filter((cell) => !waits(cell)), kAtOnce, playOne),
  ]);
  const accounts = await stand.accountsOnce((account) => account.running === 0 && account.connections === account.parked);
  return { cells, stand, played, accounts, records: await stand.records() };
}

// The clients have gone.
async function assertNothingIsLeft({ stand, played }) {
  for (const course of played.values()) course.sockets.forEach((socket) => socket.drop());
  const accounts = await stand.accountsOnce((account) => account.connections === 0);
  assert.deepEqual([...accounts.values()].filter(({ running, connections }) => running + connections > 0), []);
  assert.equal(await stand.daemon.metric('turngate_turns_running'), 0);
}

test('EveryFaultAtEveryMomentOfEveryConversationEndsAsPromised', async (t) => {
  const script = kCells.flatMap(rulesOf);
  const sims = { a: await startSim(t, { script, deltas: kDeltas }), b: await startSim(t, { deltas: kDeltas }) };
  const all = await Promise.all(Object.keys(kStands).map((name) => observe(t, name, sims)));
  const transcripts = { a: connectionsByPath(sims.a.transcript()), b: connectionsByPath(sims.b.transcript()) };

  for (const { cells, played, ...seen } of all) {
    for (const cell of cells) {
      await t.test(cell.name, { todo: known(cell.name) }, () => {
        const course = played.get(cell);
        if (course.error) throw course.error;
        const found = differences(observation(cell, course, { ...seen, transcripts }), expectation(cell));
        assert.ok(found.length === 0, `${cell.name}\n${found.join('\n')}`);
      });
    }
    await t.test(`nothing is left on the ${seen.stand.name} stand`, () => assertNothingIsLeft({ ...seen, played }));
  }
  await t.test('faults of accounts', { todo: known('faults of accounts') }, () => {
    const told = all.flatMap(({ cells, accounts }) => cells.map((cell) => ({ cell, account: accounts.get(`${cell.id}a`) })));
    const charged = told.filter(({ cell }) => faultsOf(cell) !== undefined);
    const wrong = charged.filter(({ cell, account }) => account.faults !== faultsOf(cell));
    assert.deepEqual(wrong.map(({ cell, account }) => `${cell.name}: ${account.faults}, not ${faultsOf(cell)}`), []);
  });
  t.diagnostic(`${kCells.length} cells; left out: ${[...kLeftOut].map(([why, count]) => `${count}, ${why}`).join('; ')}`);
});
