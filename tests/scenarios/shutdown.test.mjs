import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';

// SIGTERM drains (interface.md, signals); kill -9 loses no bill that a client could have seen.

const kSlow = { deltas: 60, deltaIntervalUs: 10_000 };

test('IdleSocketsAreClosedWith1012AndTheProcessEndsAtOnce', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim });
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(t, daemon.wsUrl)));
  for (const client of clients) await client.turn({ model: 'sim-1', input: 'x' });
  const stopped = daemon.stop();
  for (const client of clients) assert.equal((await client.closed()).code, 1012);
  assert.equal(await stopped, 0);
});

test('ARunningTurnEndsWellAndNewOnesAreRefused', async (t) => {
  const sim = await startSim(t, kSlow);
  const daemon = await startDaemon(t, { upstream: sim });
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'x' });
  await client.next('response.output_text.delta');
  const stopped = daemon.stop();
  await daemon.loggedOnce('draining');
  client.create({ model: 'sim-1', input: 'one more' });
  const refused = await client.next('error');
  assert.equal(refused.error.code, 'gateway_draining');
  assert.equal(refused.status, 503);
  await client.next('response.completed');
  assert.equal((await client.closed()).code, 1012);
  assert.equal(await stopped, 0);
  const again = await startDaemon(t, { upstream: sim, directory: daemon.home });
  const rows = await again.usage(1);
  assert.deepEqual(rows.map((row) => row.status), ['completed']);
});

test('ReadinessSaysDraining', async (t) => {
  const sim = await startSim(t, kSlow);
  const daemon = await startDaemon(t, { upstream: sim });
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'x' });
  await client.next('response.output_text.delta');
  assert.equal((await daemon.admin('/api/v1/drain', { method: 'POST' })).status, 202);
  const ready = await daemon.admin('/readyz');
  assert.equal(ready.status, 503);
  assert.deepEqual(ready.body.reasons, ['draining']);
  assert.equal((await daemon.admin('/healthz')).status, 200);
});

test('TheDeadlineEndsWhatStillRunsAndBillsIt', async (t) => {
  const sim = await startSim(t, { deltas: 10_000, deltaIntervalUs: 10_000 });
  const daemon = await startDaemon(t, { upstream: sim, config: { server: { drain_timeout: '300ms' } } });
  const client = await connect(t, daemon.wsUrl);
  client.create({ model: 'sim-1', input: 'x' });
  await client.next('response.output_text.delta');
  assert.equal(await daemon.stop(), 3);
  assert.equal((await client.closed()).code, 1001);
  const again = await startDaemon(t, { upstream: sim, directory: daemon.home });
  const [row] = await again.usage(1);
  assert.equal(row.status, 'aborted');
  assert.equal(row.reason, 'gateway_draining');
});

test('ABillIsWrittenBeforeItsTerminalEventIsSeen', async (t) => {
  const sim = await startSim(t, { deltas: 2 });
  let home;
  const seen = [];
  for (let round = 0; round < 5; ++round) {
    const daemon = await startDaemon(t, { upstream: sim, directory: home });
    home = daemon.home;
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect(t, daemon.wsUrl)));
    for (const client of clients) client.create({ model: 'sim-1', input: 'x' });
    const firsts = await Promise.all(clients.map((client) => client.next('response.completed')));
    await daemon.program.stop('SIGKILL');
    for (const client of clients) {
      const all = client.frames.map((frame) => frame.event).filter((event) => event.type === 'response.completed');
      seen.push(...all.map((event) => event.response.id));
    }
    assert.equal(firsts.length, 4);
  }
  const daemon = await startDaemon(t, { upstream: sim, directory: home });
  const rows = await daemon.usage(seen.length);
  const billed = rows.map((row) => row.upstream_response_id);
  for (const id of seen) assert.equal(billed.filter((other) => other === id).length, 1, id);
  assert.equal(new Set(billed).size, billed.length);
});

test('ASecondDaemonOnTheSameJournalIsRefused', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim });
  await assert.rejects(startDaemon(t, { upstream: sim, directory: daemon.home }), /another process uses this journal/);
});

test('SighupTakesNewKeysWithoutDroppingASocket', async (t) => {
  const { readFile, writeFile } = await import('node:fs/promises');
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim });
  const client = await connect(t, daemon.wsUrl);
  const first = await client.turn({ model: 'sim-1', input: 'x', store: false });
  const config = JSON.parse(await readFile(daemon.configFile, 'utf8'));
  config.keys.push({ name: 'second', key: 'another-key-0123456789' });
  await writeFile(daemon.configFile, JSON.stringify(config));
  daemon.signal('SIGHUP');
  await daemon.loggedOnce('reloaded');
  await connect(t, daemon.wsUrl, { key: 'another-key-0123456789' });
  const second = await client.turn({ model: 'sim-1', input: 'x', store: false, previous_response_id: first.id });
  assert.equal(second.terminal.type, 'response.completed');
  assert.equal(sim.upgrades().length, 1);

  await writeFile(daemon.configFile, JSON.stringify({ ...config, nonsense: 1 }));
  daemon.signal('SIGHUP');
  const complaint = await daemon.loggedOnce('not reloaded');
  assert.match(complaint.complaint, /nonsense/);
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');

  config.keys.shift();
  await writeFile(daemon.configFile, JSON.stringify(config));
  daemon.signal('SIGHUP');
  await daemon.loggedOnce('reloaded', (line) => line.keys === 1);
  const revoked = await client.next('error');
  assert.equal(revoked.error.code, 'invalid_api_key');
  assert.equal(revoked.status, 401);
  assert.equal((await client.closed()).code, 1008);
});
