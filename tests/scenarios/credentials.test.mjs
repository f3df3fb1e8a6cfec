import assert from 'node:assert/strict';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { temporaryDirectory } from './lib/place.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// Secrets of accounts that change while the gateway runs: in a file, or said by a program. It goes on with the new one, never
// waits for it, and drops no client.

const kOld = 'sk-0123456789-old';
const kNew = 'sk-0123456789-new';
const turnOf = (client, input) => client.turn({ model: 'sim-1', store: true, input });

function assertDone(turn) {
  assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
}

async function replaceFile(path, text) {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

async function program(home, text) {
  const path = join(home, 'secret.sh');
  await replaceFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

const accountAt = (sim, more) => ({ name: 'sim', base_url: sim.url, ...more });
const secretsAt = (sim) => sim.upgrades().map(({ upgrade: { headers } }) => headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1].slice(-4));

describe('A secret in a file', { concurrency: 2 }, () => {
  test('IsReadAgainWhenTheFileChanges', async (t) => {
    const home = await temporaryDirectory(t);
    const sim = await startSim(t, { key: '' });
    await replaceFile(join(home, 'secret'), `${kOld}\n`);
    const daemon = await startDaemon(t, { directory: home, config: { accounts: [accountAt(sim, { api_key: 'file:secret' })] } });
    const client = await connect(t, daemon.wsUrl);
    assertDone(await turnOf(client, 'one'));
    await replaceFile(join(home, 'secret'), kNew);
    await daemon.loggedOnce('an account has a new secret');
    assertDone(await turnOf(client, 'two'));
    assertDone(await turnOf(await connect(t, daemon.wsUrl), 'three'));
    assert.deepEqual([...new Set(secretsAt(sim))], ['-old', '-new']);
    await replaceFile(join(home, 'secret'), ''); // no secret: the old one stays, and that is told
    assert.equal((await daemon.loggedOnce("an account's secret cannot be renewed")).why, 'is empty');
    assertDone(await turnOf(client, 'four'));
    for (const secret of [kOld, kNew]) assert.ok(!daemon.program.err.includes(secret), 'the log has the secret');
  });

  test('IsReadAgainAfterARefusal', async (t) => {
    const home = await temporaryDirectory(t);
    const refused = { match: { header: { authorization: `Bearer ${kOld}` } }, do: { upgrade: { status: 401, body: { error: { code: 'invalid_api_key', message: 'Incorrect API key provided.' } } } } };
    const sim = await startSim(t, { script: [refused], key: '' });
    await replaceFile(join(home, 'secret'), kOld);
    const daemon = await startDaemon(t, { directory: home, config: { accounts: [accountAt(sim, { api_key: 'file:secret' })] } });
    const client = await connect(t, daemon.wsUrl);
    assert.equal((await turnOf(client, 'one')).terminal.type, 'error');
    await replaceFile(join(home, 'secret'), kNew);
    await daemon.loggedOnce('an account has a new secret');
    assertDone(await turnOf(client, 'two')); // not 30 s later: new credentials begin clean
  });
});

describe('A secret that a program says', { concurrency: 2 }, () => {
  test('IsAskedForAtTheStartAndAgainAfterARefusal', async (t) => {
    const home = await temporaryDirectory(t);
    const refused = { match: { header: { authorization: `Bearer ${kOld}` } }, do: { upgrade: { status: 401, body: { error: { code: 'invalid_api_key', message: 'Incorrect API key provided.' } } } } };
    const sim = await startSim(t, { script: [refused], key: '' });
    const command = [await program(home, `echo ${kOld}; echo "said ${kOld}" >&2`), 'an argument'];
    const daemon = await startDaemon(t, { directory: home, config: { accounts: [accountAt(sim, { credentials: { command, refresh: '1h' } })] } });
    await daemon.loggedOnce('an account has a new secret');
    await program(home, `echo ${kNew}`);
    const client = await connect(t, daemon.wsUrl);
    assert.equal((await turnOf(client, 'one')).terminal.type, 'error');
    await waitFor(() => daemon.logged('an account has a new secret').length === 2, 'the other secret');
    assertDone(await turnOf(client, 'two'));
    assert.equal((await daemon.loggedOnce('a credentials program says')).stderr, 'said ***');
    assert.ok(!daemon.program.err.includes(kOld), 'the log has the secret');
  });

  test('KeepsNobodyWaitingAndMayFail', async (t) => {
    const home = await temporaryDirectory(t);
    const [slow, sim] = [await startSim(t, { key: kNew }), await startSim(t)];
    const command = [await program(home, 'exit 3')];
    const accounts = [
      accountAt(slow, { name: 'later', priority: 1, credentials: { command, refresh: '1s' } }),
      accountAt(slow, { name: 'hangs', priority: 1, credentials: { command: ['sleep', '1000'], refresh: '1h' } }),
      accountAt(sim, { name: 'other', priority: 2, api_key: sim.key }),
    ];
    const daemon = await startDaemon(t, { directory: home, config: { accounts } });
    assertDone(await turnOf(await connect(t, daemon.wsUrl), 'one'));
    assert.equal(sim.upgrades().length, 1);
    assert.equal((await daemon.loggedOnce("an account's secret cannot be renewed")).why, 'ended with 3');
    const shown = () => daemon.admin('/api/v1/accounts').then(({ body }) => body.data.find(({ name }) => name === 'later').standing);
    assert.deepEqual([(await shown()).reason, (await shown()).credentials.missing], ['off', true]);
    await program(home, `echo ${kNew}`);
    await daemon.loggedOnce('an account has a new secret');
    assertDone(await turnOf(await connect(t, daemon.wsUrl), 'two'));
    assert.equal(slow.upgrades().length, 1);
    assert.deepEqual([(await shown()).reason, (await shown()).credentials.missing], ['fits', false]);
    await program(home, 'exit 3'); // the old one stays
    const failures = daemon.logged("an account's secret cannot be renewed").length;
    await waitFor(() => daemon.logged("an account's secret cannot be renewed").length > failures, 'a failure');
    assertDone(await turnOf(await connect(t, daemon.wsUrl), 'three'));
    assert.equal((await daemon.admin('/api/v1/reload', { method: 'POST' })).status, 200); // and over a reload
    assertDone(await turnOf(await connect(t, daemon.wsUrl), 'four'));
    assert.equal(sim.creates().length, 1);
  });
});
