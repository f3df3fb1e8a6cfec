import assert from 'node:assert/strict';

import { startSim } from '../lib/sim.mjs';
import { play } from './course.mjs';
import { expectation, faultsOf } from './expectation.mjs';
import { connectionsByPath, differences, observation } from './observation.mjs';
import { kStands, rulesOf, Stand } from './stand.mjs';
import { kDeltas } from './table.mjs';

const kAtOnce = 8;
// Those that wait for something silent are no work; they wait together.
const waits = (cell) => cell.stand !== 'usual' || (cell.again && cell.fault.row === 'dial');

async function inParallel(items, count, work) {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

// All that became of the cells of one stand. `played`: what play() gave for each.
async function observe(scope, name, all, sims) {
  const cells = all.filter((cell) => cell.stand === name);
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

// The clients have gone; what is open is kept for their session keys.
async function assertNothingIsLeft({ stand, played }) {
  for (const course of played.values()) course.sockets.forEach((socket) => socket.drop());
  const isAtRest = ({ running, leased, connections, parked }) => running + leased === 0 && connections === parked;
  const accounts = await stand.accountsOnce(isAtRest);
  assert.deepEqual([...accounts.values()].filter((account) => !isAtRest(account)), []);
  assert.equal(await stand.daemon.metric('turngate_turns_running'), 0);
}

// All cells at the same time, each a test of its own.
export async function runCells(t, cells) {
  const script = cells.flatMap(rulesOf);
  const sims = { a: await startSim(t, { script, deltas: kDeltas }), b: await startSim(t, { deltas: kDeltas }) };
  const names = Object.keys(kStands).filter((name) => cells.some((cell) => cell.stand === name));
  const all = await Promise.all(names.filter((name) => name !== 'large').map((name) => observe(t, name, cells, sims)));
  if (names.includes('large')) all.push(await observe(t, 'large', cells, sims));
  const transcripts = { a: connectionsByPath(sims.a.transcript()), b: connectionsByPath(sims.b.transcript()) };

  for (const { cells: some, played, ...seen } of all) {
    for (const cell of some) {
      await t.test(cell.name, () => {
        const course = played.get(cell);
        if (course.error) throw course.error;
        const found = differences(observation(cell, course, { ...seen, transcripts }), expectation(cell));
        assert.ok(found.length === 0, `${cell.name}\n${found.join('\n')}`);
      });
    }
    await t.test(`nothing is left on the ${seen.stand.name} stand`, () => assertNothingIsLeft({ ...seen, played }));
  }
  await t.test('faults of accounts', () => {
    const told = all.flatMap(({ cells: some, accounts }) => some.map((cell) => ({ cell, account: accounts.get(`${cell.id}a`) })));
    const charged = told.filter(({ cell }) => faultsOf(cell) !== undefined);
    const wrong = charged.filter(({ cell, account }) => account.faults !== faultsOf(cell));
    assert.deepEqual(wrong.map(({ cell, account }) => `${cell.name}: ${account.faults}, not ${faultsOf(cell)}`), []);
  });
}
