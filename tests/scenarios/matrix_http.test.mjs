import { test } from 'node:test';

import { runCells } from './matrix/run.mjs';
import { isPlain, kCells, kSides } from './matrix/table.mjs';

// The fault matrix where the client, its account or both speak HTTP; the rows of http.md section 6.6 are cells of it.

for (const { client, upstream } of kSides.filter((sides) => !isPlain(sides)))
  test(`EveryFaultEndsAsPromisedFor${client}On${upstream}`, async (t) => {
    const cells = kCells.filter((cell) => cell.client === client && cell.upstream === upstream);
    await runCells(t, cells);
    t.diagnostic(`${cells.length} cells`);
  });
