import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { startDaemon } from './lib/daemon.mjs';
import { connectLean } from './lib/lean.mjs';
import { startSim } from './lib/sim.mjs';
import { within } from './lib/wait.mjs';

// Who logs never waits for who reads the log: turns go on, and what nobody took is counted.

const kTurn = { model: 'sim-1', input: 'x', store: false };

async function gateway(t) {
  const sim = await startSim(t, { deltas: 2 });
  const daemon = await startDaemon(t, { upstream: sim });
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectLean(t, daemon.wsUrl)));
  const turns = (count) => Promise.all(clients.map((client) => turnsOf(client, count)));
  daemon.program.child.stderr.pause(); // nobody reads from now on
  return { daemon, turns };
}

async function turnsOf(client, count) {
  for (let i = 0; i < count; ++i) {
    const end = (await client.turn(kTurn)).at(-1);
    assert.match(end, /^\{"type":"response.completed"/);
  }
}

test('TurnsGoOnWhileNobodyReadsTheLogAndTheProcessEndsInTime', async (t) => {
  const { daemon, turns } = await gateway(t);
  await turns(30); // more lines than a pipe holds
  const exited = once(daemon.program.child, 'exit');
  daemon.signal('SIGTERM');
  const [code] = await within(exited, 'the end of a process whose log nobody reads', 20_000);
  assert.equal(code, 0);
  daemon.program.child.stderr.resume();
  await daemon.program.ended;
});

test('LinesThatCannotBeWrittenAreCounted', async (t) => {
  const { daemon, turns } = await gateway(t);
  daemon.program.child.stderr.destroy();
  await turns(2);
  await daemon.metricOnce('turngate_log_dropped_total', (count) => count >= 8);
  await turns(2);
});
