import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { kKey, startDaemon } from './lib/daemon.mjs';
import { binary, kPricing, temporaryDirectory } from './lib/place.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// What a configuration says is understood whole or refused, and a reload says what it has not done.

const turnOf = (client) => client.turn({ model: 'sim-1', store: true, input: 'x' });

function turngate(args, options = {}) {
  const { status, stdout, stderr } = spawnSync(binary('turngate'), args, { encoding: 'utf8', ...options });
  return { status, out: stdout, err: stderr };
}

async function reconfigure(daemon, change) {
  const config = JSON.parse(await readFile(daemon.configFile, 'utf8'));
  change(config);
  await writeFile(daemon.configFile, JSON.stringify(config));
}

describe('A reload', { concurrency: 2 }, () => {
  test('NamesWhatNeedsARestartAndDoesTheRest', async (t) => {
    const daemon = await startDaemon(t, { upstream: await startSim(t) });
    await reconfigure(daemon, (config) => {
      Object.assign(config.server, { listen: '127.0.0.1:1', threads: 7 });
      config.usage.journal.dir = join(daemon.home, 'elsewhere');
      config.state = { backend: 'redis' };
      config.keys.push({ name: 'more', key: 'tg-test-one-more' });
    });
    const wanted = ['server.listen', 'server.threads', 'state.backend', 'usage.journal.dir'];
    const { status, body } = await daemon.admin('/api/v1/reload', { method: 'POST' });
    assert.equal(status, 200);
    assert.deepEqual(body, { status: 'reloaded', notes: wanted.map((key) => `${key}: needs a restart`) });
    assert.equal((await turnOf(await connect(t, daemon.wsUrl, { key: 'tg-test-one-more' }))).terminal.type, 'response.completed');
    daemon.signal('SIGHUP'); // still: the process goes on with what it began with
    await waitFor(() => daemon.logged('needs a restart').length === 2 * wanted.length, 'the log to name them');
    assert.deepEqual(daemon.logged('needs a restart').slice(wanted.length).map(({ key }) => key), wanted);
  });

  test('SaysNothingMoreWhereThereIsNothing', async (t) => {
    const daemon = await startDaemon(t, { upstream: await startSim(t) });
    const { body } = await daemon.admin('/api/v1/reload', { method: 'POST' });
    assert.deepEqual(body, { status: 'reloaded' });
  });

  test('RefusesABlankLimitAndANameWithoutAPrice', async (t) => {
    const daemon = await startDaemon(t, { upstream: await startSim(t) });
    const before = await readFile(daemon.configFile, 'utf8');
    await writeFile(daemon.configFile, before.replace(`"key": "${kKey}"`, `"key": "${kKey}", "quota_usd": , "allow_ips": `));
    const blank = await daemon.admin('/api/v1/reload', { method: 'POST' });
    assert.equal(blank.status, 422);
    for (const key of ['keys[0].quota_usd', 'keys[0].allow_ips'])
      assert.ok(blank.body.complaints.some((one) => one.includes(`${key}: is blank`)), JSON.stringify(blank.body));
    await writeFile(daemon.configFile, before);
    await reconfigure(daemon, (config) => {
      config.accounts[0].models = { 'gtp-5.2': 'gtp-5.2', 'gpt-5.2': 'deployment-7' };
      config.pricing.unknown_model = 'reject';
    });
    const unknown = await daemon.admin('/api/v1/reload', { method: 'POST' });
    assert.equal(unknown.status, 422);
    assert.equal(unknown.body.complaints.length, 1);
    assert.match(unknown.body.complaints[0], /accounts\[0\]\.models\.gtp-5\.2: neither this name nor 'gtp-5\.2' has a price/);
    assert.equal((await turnOf(await connect(t, daemon.wsUrl))).terminal.type, 'response.completed');
  });
});

test('APriceFileIsCheckedAndComparedWithTheOneBefore', async (t) => {
  const home = await temporaryDirectory(t);
  const [old, bad] = [join(home, 'old.yaml'), join(home, 'bad.yaml')];
  const text = await readFile(kPricing, 'utf8');
  await writeFile(old, text.replace('  sim-1:\n    input: 1000000000', '  sim-1:\n    input: 999').replace(/^version: .*$/m, 'version: old'));
  await writeFile(bad, text.replace('    output: 10000000000', '    outptu: 10000000000').replace(/^unit: .*$/m, 'unit: dollars'));

  const fine = turngate(['prices', 'check', kPricing]);
  assert.equal(fine.status, 0, fine.err);
  const compared = turngate(['prices', 'check', kPricing, '--against', old]);
  assert.equal(compared.status, 0, compared.err);
  assert.match(compared.out, /^version old -> .*\nmodels\.sim-1\.cache_write: 999 -> 1000000000\nmodels\.sim-1\.input: 999 -> 1000000000\n$/);
  const faults = turngate(['prices', 'check', bad]);
  assert.equal(faults.status, 1);
  assert.match(faults.err, /bad\.yaml:\d+: unit: must be /);
  assert.match(faults.err, /bad\.yaml:\d+: models\..*\.outptu: unknown key; did you mean output\?/);
  assert.equal(turngate(['prices', 'check', join(home, 'none.yaml')]).status, 1);
});

// Commands are run from anywhere.
test('RelativePathsStartAtTheFolderOfTheConfiguration', async (t) => {
  const [home, elsewhere] = [await temporaryDirectory(t), await temporaryDirectory(t)];
  const config = { usage: { sqlite: { path: 'u/usage.db' }, journal: { dir: 'j', fsync: '5ms' } } };
  const daemon = await startDaemon(t, { upstream: await startSim(t), directory: home, config });
  assert.equal((await turnOf(await connect(t, daemon.wsUrl))).terminal.type, 'response.completed');
  await daemon.usage(1);
  const { status, out, err } = turngate(['usage', '--config', daemon.configFile, '--json'], { cwd: elsewhere });
  assert.equal(status, 0, err);
  assert.equal(JSON.parse(out).data.length, 1);
});
