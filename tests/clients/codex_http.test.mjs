import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { accountOf, kKey, startDaemon } from '../scenarios/lib/daemon.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { codexExec, itemsOf, shell } from './lib/codex.mjs';

// Codex over HTTP (http.md section 9.2): the whole history with each turn, a connection for each answer, no warm-up.

const kTask = [
  { match: { process_create: 1 }, do: shell('echo made by a tool > made.txt') },
  { match: { process_create: 2 }, do: shell('cat made.txt') },
  { match: { process_create: 3 }, do: { answer: [{ text: 'The file says: made by a tool.' }] } },
];

async function assertTaskIsDone(t, { script = kTask, config = {}, account = {}, creates = 3, billed = creates, ...options }) {
  const sim = await startSim(t, { script });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...config } });
  const run = await codexExec(t, daemon, 'Make a file, then read it.', options);
  assert.equal(run.code, 0, run.said);
  assert.equal(await readFile(join(run.work, 'made.txt'), 'utf8'), 'made by a tool\n');
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), ['The file says: made by a tool.']);
  assert.equal(sim.creates().length, creates);
  const rows = await daemon.usage(billed);
  assert.ok(rows.every(({ request_type }) => request_type === 'stream'), JSON.stringify(rows));
  assert.equal(new Set(rows.map(({ session }) => session)).size, 1);
  return { sim, daemon, rows };
}

test('ATaskWithTwoShellCallsIsDoneWithoutWebSockets', async (t) => {
  const { sim, rows } = await assertTaskIsDone(t, { websockets: false });
  assert.equal(sim.upgrades().length, 1, 'the connection is kept warm between the requests');
  assert.ok(rows.every(({ status, reason }) => status === 'completed' && !reason), 'that Codex closes early is no abort');
  assert.match(sim.creates()[2].message, /made by a tool/);
});

test('AfterA426TheTaskIsDoneOverHttp', async (t) => {
  const keys = [{ name: 'dev', key: kKey, group: 'http' }];
  const groups = [{ name: 'http', mode: 'off' }];
  await assertTaskIsDone(t, { config: { groups, keys }, account: { groups: ['http'] } });
});

for (const [name, fault] of [
  ['ALossBeforeContent', { kind: 'reset', when: 'created' }],
  ['ALossBeforeAnything', { kind: 'eof' }],
])
  test(`${name}IsNotSeenByIt`, async (t) => {
    const lost = { match: { process_create: 2 }, do: { fault } };
    const later = kTask.slice(1).map(({ match, ...rule }) => ({ match: { process_create: match.process_create + 1 }, ...rule }));
    await assertTaskIsDone(t, { websockets: false, script: [kTask[0], lost, ...later], creates: 4, billed: 3 });
  });
