import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect as dial } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { freeze, thaw } from './lib/freeze.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { atEnd } from './lib/scope.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// The admin side answers whatever its database does, to whoever may ask.

const kTurn = { model: 'sim-1', input: 'hello' };

async function onPostgres(t, { pool = 4, ...admin } = {}) {
  const postgres = await startPostgres(t);
  const usage = { repository: 'postgres', postgres: { url: postgres.url, pool } };
  const daemon = await startDaemon(t, { upstream: await startSim(t), config: { usage, admin } });
  return { postgres, daemon };
}

async function allElseAnswers(daemon) {
  for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/status', '/api/v1/accounts'])
    assert.equal((await daemon.admin(path)).status, 200, path);
}

test('APostgresThatStandsStillHoldsNobodyUp', async (t) => {
  const { postgres, daemon } = await onPostgres(t, { query_timeout: '3s' });
  const client = await connect(t, daemon.wsUrl);
  await client.turn(kTurn);
  await daemon.usage(1);
  freeze(postgres.program);
  atEnd(t, () => thaw(postgres.program));

  let isOver = false;
  const paths = ['/api/v1/usage', '/api/v1/balances', '/api/v1/usage?by=user', '/api/v1/usage'];
  const asked = Promise.all(paths.map((path) => daemon.admin(path))).finally(() => (isOver = true));
  await allElseAnswers(daemon);
  daemon.signal('SIGHUP');
  await daemon.loggedOnce('reloaded');
  assert.equal((await client.turn(kTurn)).terminal.type, 'response.completed');
  assert.equal(isOver, false, 'all of that while the questions waited');
  for (const { status, body } of await asked) {
    assert.equal(status, 504);
    assert.equal(body.error.code, 'repository_timeout');
  }
  const crowd = await Promise.all(Array.from({ length: 60 }, () => daemon.admin('/api/v1/usage')));
  const statuses = new Set(crowd.map(({ status }) => status));
  assert.deepEqual([...statuses].sort(), [503, 504], 'some wait, the rest is refused at once');

  thaw(postgres.program);
  assert.equal((await daemon.usage(2)).length, 2);
});

test('TheEndDoesNotWaitForWhoeverAsksAPostgresThatStandsStill', async (t) => {
  const { postgres, daemon } = await onPostgres(t, { query_timeout: '5m' });
  await (await connect(t, daemon.wsUrl)).turn(kTurn);
  await daemon.usage(1);
  freeze(postgres.program);
  atEnd(t, () => thaw(postgres.program));
  const asked = daemon.admin('/api/v1/usage');
  await allElseAnswers(daemon);
  assert.equal(await daemon.stop(), 0);
  assert.equal((await asked).status, 503);
  thaw(postgres.program);
});

test('APoolOfTwoIsEnough', async (t) => {
  const { daemon } = await onPostgres(t, { pool: 2 });
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < 3; ++i) await client.turn(kTurn);
  await daemon.usage(3);
  const all = await Promise.all(Array.from({ length: 20 }, () => daemon.admin('/api/v1/usage?by=key')));
  for (const { status, body } of all) {
    assert.equal(status, 200);
    assert.equal(body.data[0].responses, 3);
  }
});

test('AQuestionThatTakesTooLongIsGivenUp', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t), config: { admin: { query_timeout: '100ms' } } });
  await (await connect(t, daemon.wsUrl)).turn(kTurn);
  const [{ started_at }] = await daemon.usage(1);
  const { path } = JSON.parse(await readFile(daemon.configFile, 'utf8')).usage.sqlite;
  multiply(path, 600_000);
  const since = new Date(Date.parse(started_at) - 1_000).toISOString(); // days have their sums, a part of one is added up
  const asked = daemon.admin(`/api/v1/usage?by=key&since=${since}`);
  await allElseAnswers(daemon);
  const { status, body } = await asked;
  assert.equal(status, 504);
  assert.match(body.error.message, /command line/);
  assert.equal((await daemon.admin('/api/v1/usage?limit=1')).status, 200, 'the thread is free again');
});

// The first bill, so many times.
function multiply(path, times) {
  const database = new DatabaseSync(path);
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all('usage_records').map(({ name }) => name);
  const others = columns.filter((name) => name !== 'response_uid' && name !== 'settled_seq');
  database.exec('PRAGMA synchronous = OFF');
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${times})
    INSERT INTO usage_records (response_uid, ${others}) SELECT 'copy-' || i, ${others} FROM n, (SELECT * FROM usage_records LIMIT 1)`);
  database.close();
}

test('ThreeThousandSilentConnectionsAreInNobodysWay', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t) });
  const [host, port] = daemon.adminAddress.split(':');
  const silent = [];
  t.after(() => silent.forEach((socket) => socket.destroy()));
  for (let i = 0; i < 30; ++i) await Promise.all(Array.from({ length: 100 }, () => dialed(silent, host, port)));
  await allElseAnswers(daemon);
  const descriptors = await waitFor(async () => {
    const { length } = await readdir(`/proc/${daemon.pid}/fd`);
    return length < 500 && length;
  }, 'most of them to be closed');
  assert.ok(descriptors > 200, `those that fit are kept: ${descriptors}`);
});

function dialed(silent, host, port) {
  return new Promise((resolve, reject) => {
    const socket = dial({ host, port: Number(port) }, resolve);
    socket.once('error', reject);
    silent.push(socket);
  });
}

test('AWebPageCannotStopTheGateway', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t) });
  const own = { host: daemon.adminAddress };
  const evil = { host: `evil.test:${daemon.adminAddress.split(':')[1]}` };
  const pages = [
    own, // a form, or fetch without leave
    { ...own, origin: 'https://evil.test', 'x-turngate': '1' },
    { ...own, 'sec-fetch-site': 'cross-site', 'x-turngate': '1' },
    { ...evil, 'x-turngate': '1' }, // a name that leads here now
  ];
  for (const headers of pages) assert.equal((await raw(daemon, 'POST', '/api/v1/drain', headers)).statusCode, 403);
  assert.equal((await raw(daemon, 'GET', '/api/v1/usage', evil)).statusCode, 403);
  const preflight = await raw(daemon, 'OPTIONS', '/api/v1/drain', {
    ...own,
    origin: 'https://evil.test',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-turngate',
  });
  assert.equal(preflight.statusCode, 403);
  assert.deepEqual(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control')), []);
  assert.equal((await daemon.status()).draining, false);
  assert.equal((await (await connect(t, daemon.wsUrl)).turn(kTurn)).terminal.type, 'response.completed');
});

function raw(daemon, method, path, headers) {
  const [host, port] = daemon.adminAddress.split(':');
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, method, path, headers: { ...headers, 'content-length': 0 } }, (answer) => {
      answer.resume().once('end', () => resolve(answer));
    });
    asked.once('error', reject).end();
  });
}

test('ANewTokenCountsFromTheReloadOn', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t) });
  const config = JSON.parse(await readFile(daemon.configFile, 'utf8'));
  const status = async (token) => (await daemon.admin('/api/v1/status', { headers: { authorization: `Bearer ${token}` } })).status;
  const reload = async (token) => {
    const before = daemon.logged('reloaded').length;
    await writeFile(daemon.configFile, JSON.stringify({ ...config, admin: { ...config.admin, token } }));
    daemon.signal('SIGHUP');
    await waitFor(() => daemon.logged('reloaded').length > before, 'the reload');
  };
  await reload('first');
  assert.equal(await status('first'), 200);
  assert.equal(await status('wrong'), 401);
  await reload('second');
  assert.equal(await status('first'), 401);
  assert.equal(await status('second'), 200);
  assert.equal((await daemon.admin('/api/v1/drain', { method: 'POST' })).status, 401, 'the header is no token');
});
