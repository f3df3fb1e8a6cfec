import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startSim } from './lib/sim.mjs';
import { differences } from './matrix/observation.mjs';
import { runCells } from './matrix/run.mjs';
import { isPlain, kCells, kDeltas, kLeftOut } from './matrix/table.mjs';
import { expectationOf, kUnusable, rulesOf as rulesOfUnusable, transcriptsOf, UnusableStand } from './matrix/unusable.mjs';

// behaviour.md section 5, all of it: every fault, at every moment of a turn, in every kind of conversation. The table is
// in matrix/table.mjs, what must come of a cell in matrix/expectation.mjs. Where one side speaks HTTP: matrix_http.test.mjs.

test('EveryFaultAtEveryMomentOfEveryConversationEndsAsPromised', async (t) => {
  await runCells(t, kCells.filter(isPlain));
  t.diagnostic(`${kCells.length} cells of all sides; left out: ${[...kLeftOut].map(([why, count]) => `${count}, ${why}`).join('; ')}`);
});

test('AConversationGoesOnWhereItCanThoughOthersMadeItsAccountUnusable', async (t) => {
  const script = kUnusable.flatMap(rulesOfUnusable);
  const sims = { a: await startSim(t, { script, deltas: kDeltas }), b: await startSim(t, { deltas: kDeltas }) };
  const stand = await UnusableStand.start(t, sims);
  await stand.play();
  const transcripts = transcriptsOf(sims);
  for (const cell of kUnusable) {
    await t.test(cell.name, () => {
      const found = differences(stand.observation(cell, transcripts), expectationOf(cell));
      assert.ok(found.length === 0, `${cell.name}\n${found.join('\n')}`);
    });
  }
  t.diagnostic(`${kUnusable.length} cells`);
});
