import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { freeze, thaw } from './lib/freeze.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { atEnd } from './lib/scope.mjs';
import { startSim } from './lib/sim.mjs';
import { holdThread, startNotified } from './lib/systemd.mjs';
import { waitFor } from './lib/wait.mjs';

// systemd hears of the daemon as long as all of its loops serve, and only so long.

const kBeat = 'WATCHDOG=1';
const kTurn = { model: 'sim-1', input: 'hello' };

const beatsMore = (systemd, by = 3) => {
  const before = systemd.count(kBeat);
  return waitFor(() => systemd.count(kBeat) >= before + by, `${by} more beats`);
};

test('ALoopThatStandsStillIsNotReadyAndDoesNotBeat', async (t) => {
  const systemd = await startNotified(t, { watchdogMs: 30_000 });
  const daemon = await startDaemon(t, { upstream: await startSim(t), env: systemd.env });
  assert.equal(systemd.count('READY=1'), 1);
  await beatsMore(systemd);

  const release = await holdThread(t, daemon.pid, 'loop 1');
  if (!release) return t.skip('no thread may be held here');
  const { reasons } = await waitFor(async () => {
    const { status, body } = await daemon.admin('/readyz');
    return status === 503 && body;
  }, 'not to be ready');
  assert.deepEqual(reasons, ['loop 1 stands still']);
  const beats = systemd.count(kBeat);
  const status = await waitFor(async () => {
    const seen = await daemon.status();
    return seen.lag_us > 5_000_000 && seen;
  }, 'the lag to grow');
  assert.equal(systemd.count(kBeat), beats, 'no beat meanwhile');
  assert.ok(status.loops[0].lag_us < status.loops[1].lag_us, 'the others are well');
  assert.ok((await daemon.metric('turngate_loop_lag_seconds', { loop: '1' })) > 3);
  assert.equal((await daemon.admin('/healthz')).status, 200);

  await release();
  await waitFor(async () => (await daemon.admin('/readyz')).status === 200, 'to be ready again');
  await beatsMore(systemd);
  assert.equal((await (await connect(t, daemon.wsUrl)).turn(kTurn)).terminal.type, 'response.completed');
});

test('BeatsGoOnWhilePostgresStandsStill', async (t) => {
  const systemd = await startNotified(t, { watchdogMs: 30_000 });
  const postgres = await startPostgres(t);
  const usage = { repository: 'postgres', postgres: { url: postgres.url } };
  const config = { usage, admin: { query_timeout: '2s' } };
  const daemon = await startDaemon(t, { upstream: await startSim(t), config, env: systemd.env });
  await (await connect(t, daemon.wsUrl)).turn(kTurn);
  await daemon.usage(1);
  freeze(postgres.program);
  atEnd(t, () => thaw(postgres.program));
  const asked = Promise.all(Array.from({ length: 4 }, () => daemon.admin('/api/v1/usage')));
  await beatsMore(systemd, 3);
  assert.deepEqual((await asked).map(({ status }) => status), [504, 504, 504, 504]);
  await beatsMore(systemd, 3);
  thaw(postgres.program);
});
