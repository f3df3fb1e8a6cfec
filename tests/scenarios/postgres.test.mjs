import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// design.md section 8: PostgreSQL may be away for as long as it likes; no turn waits for it, no bill is lost or written twice.

const kTurn = { model: 'sim-1', input: 'hello' };

async function gateway(t, postgres) {
  const usage = { repository: 'postgres', postgres: { url: postgres.url } };
  return startDaemon(t, { upstream: await startSim(t), config: { usage } });
}

async function take(client, turns) {
  for (let i = 0; i < turns; ++i) assert.equal((await client.turn(kTurn)).terminal.type, 'response.completed');
}

const isSettled = async (daemon) => (await daemon.status()).journal.lag_bytes === 0;

test('BillsGoToPostgres', async (t) => {
  const postgres = await startPostgres(t);
  const daemon = await gateway(t, postgres);
  await take(await connect(t, daemon.wsUrl), 3);
  const rows = await daemon.usage(3);
  assert.deepEqual(rows.map((row) => [row.status, row.account, row.key]), Array(3).fill(['completed', 'sim', 'dev']));
  assert.ok(rows.every((row) => row.routing.length > 0), 'each says how its account was chosen');
  assert.equal((await daemon.status()).repository.backend, 'postgres');
});

test('TurnsGoOnWithoutPostgresAndAreSettledWhenItIsBack', async (t) => {
  const postgres = await startPostgres(t);
  const daemon = await gateway(t, postgres);
  const client = await connect(t, daemon.wsUrl);
  await take(client, 2);
  await daemon.usage(2);
  await postgres.stop();
  await take(client, 3);
  assert.equal(await isSettled(daemon), false, 'they wait in the journal');
  await postgres.start();
  await waitFor(() => isSettled(daemon), 'the journal to be settled');
  const rows = await daemon.usage(5);
  assert.equal(new Set(rows.map((row) => row.response_uid)).size, 5);
  await take(client, 1);
});

test('ServesWithoutADatabaseAtItsStart', async (t) => {
  const postgres = await startPostgres(t);
  await postgres.stop();
  const daemon = await gateway(t, postgres);
  await take(await connect(t, daemon.wsUrl), 2);
  await postgres.start();
  await waitFor(() => isSettled(daemon), 'the journal to be settled');
  assert.equal((await daemon.usage(2)).length, 2);
});
