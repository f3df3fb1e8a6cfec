import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { temporaryDirectory } from './lib/place.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// A name server that is silent is the trouble of the accounts behind it, and of nobody else.

const kNameServer = '127.0.0.153'; // resolv.conf knows no port but 53

// A command before the daemon's that gives it, and nobody else, a name server of ours; null where we may not.
async function throughSilentNames(t) {
  const file = join(await temporaryDirectory(t), 'resolv.conf');
  await writeFile(file, `nameserver ${kNameServer}\n`);
  const through = ['unshare', '-m', 'sh', '-c', `mount --bind ${file} /etc/resolv.conf && exec "$@"`, 'sh'];
  const socket = createSocket('udp4');
  let questions = 0;
  socket.on('message', () => ++questions);
  socket.bind(53, kNameServer);
  const isBound = await Promise.race([once(socket, 'listening').then(() => true), once(socket, 'error').then(() => false)]);
  if (!isBound || spawnSync(through[0], [...through.slice(1), 'true']).status !== 0) return null;
  t.after(() => socket.close());
  return { through, questions: () => questions };
}

test('OneAccountsSilentNameServerHoldsUpNobodyElse', async (t) => {
  const names = await throughSilentNames(t);
  if (!names) return t.skip('needs to be root');
  const sim = await startSim(t);
  const silent = accountOf(sim, { name: 'silent', base_url: 'http://silent.test/v1', models: { 'gpt-5-mini': 'x' } });
  const daemon = await startDaemon(t, {
    through: names.through,
    config: {
      server: { threads: 1, drain_timeout: '300ms' },
      accounts: [silent, accountOf(sim, { models: { 'sim-1': 'sim-1' } })],
    },
  });
  const waiting = await connect(t, daemon.wsUrl);
  const leaving = await connect(t, daemon.wsUrl);
  const other = await connect(t, daemon.wsUrl);
  for (const client of [waiting, leaving]) client.create({ model: 'gpt-5-mini', input: 'x' });
  await waitFor(() => names.questions() > 0, 'a question to the name server');

  const turn = await other.turn({ model: 'sim-1', input: 'x' }); // another account's turn
  assert.equal(turn.response.status, 'completed');
  assert.deepEqual(daemon.logged('upstream dial failed'), []);
  leaving.drop(); // a session's end
  await daemon.loggedOnce('turn ended', ({ fault }) => fault === 'client_gone');
  assert.deepEqual(daemon.logged('upstream dial failed').filter(({ fault }) => fault !== 'client_gone'), []);
  assert.equal(await daemon.stop(), 3); // SIGTERM: the waiting turn is cut at the drain's deadline
  assert.deepEqual(daemon.logged('upstream dial failed').filter(({ fault }) => fault === 'upstream_timeout'), []);
});
