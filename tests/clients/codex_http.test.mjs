import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { accountOf, kKey, startDaemon } from '../scenarios/lib/daemon.mjs';
import { atEnd } from '../scenarios/lib/scope.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { chatgptToken, codexExec, itemsOf, shell } from './lib/codex.mjs';

// Codex over HTTP (http.md section 9.2): the whole history with each turn, a connection for each answer, no warm-up. What
// breaks on the way is in codex_faults.test.mjs.

const kTask = [
  { match: { process_create: 1 }, do: shell('echo made by a tool > made.txt') },
  { match: { process_create: 2 }, do: shell('cat made.txt') },
  { match: { process_create: 3 }, do: { answer: [{ text: 'The file says: made by a tool.' }] } },
];

async function assertTaskIsDone(t, { script = kTask, config = {}, account = {}, creates = 3, billed = creates, requestType = 'stream', upstream = {}, ...options }) {
  const sim = await startSim(t, { script, ...upstream });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...config } });
  const run = await codexExec(t, options.through ? await options.through(t, daemon) : daemon, 'Make a file, then read it.', options);
  assert.equal(run.code, 0, run.said);
  assert.equal(await readFile(join(run.work, 'made.txt'), 'utf8'), 'made by a tool\n');
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), ['The file says: made by a tool.']);
  assert.equal(sim.creates().length, creates);
  const rows = await daemon.usage(billed);
  assert.ok(rows.every(({ request_type }) => request_type === requestType), JSON.stringify(rows));
  assert.equal(new Set(rows.map(({ session }) => session)).size, 1);
  return { sim, daemon, rows };
}

test('ATaskWithTwoShellCallsIsDoneWithoutWebSockets', async (t) => {
  const { sim, rows } = await assertTaskIsDone(t, { websockets: false });
  assert.equal(sim.upgrades().length, 1, 'the connection is kept warm between the requests');
  assert.ok(rows.every(({ status }) => status === 'completed'), 'that Codex closes early is no abort');
  assert.deepEqual(rows.map(({ reason }) => reason).sort(), ['', 'shortened', 'shortened']);
  const ids = sim.responses().map(({ response }) => response.id);
  sim.creates().forEach(({ event }, i) => assert.equal(event.previous_response_id, ids[i - 1], 'what it sends again does not go up again'));
  assert.match(sim.creates()[2].message, /made by a tool/);
});

test('AfterA426TheTaskIsDoneOverHttp', async (t) => {
  const keys = [{ name: 'dev', key: kKey, group: 'http' }];
  const groups = [{ name: 'http', mode: 'off' }];
  await assertTaskIsDone(t, { config: { groups, keys }, account: { groups: ['http'] } });
});

// Before an account that speaks HTTP alone and keeps nothing: Codex' warm-up is answered here, its parents are expanded.
const kStateless = { upstream: { stores: 'off', websocket: 'off', ids: 'required' }, account: { transport: 'http', stores: false, compaction: false } };

test('ATaskIsDoneOnAnAccountOverHttpThatKeepsNothing', async (t) => {
  const { sim } = await assertTaskIsDone(t, { websockets: false, ...kStateless });
  assert.equal(sim.upgrades().length, 0);
});

test('ATaskOverWebSocketIsDoneOnAnAccountOverHttpThatKeepsNothing', async (t) => {
  const { sim, rows } = await assertTaskIsDone(t, { websockets: true, requestType: 'ws_v2', billed: 4, ...kStateless });
  assert.equal(rows.filter(({ reason }) => reason === 'local_warm_up').length, 1);
  const inputs = sim.creates().map(({ event }) => event.input);
  for (const { event } of sim.creates()) assert.equal('previous_response_id' in event, false);
  for (let i = 1; i < inputs.length; ++i) assert.ok(inputs[i].length > inputs[i - 1].length, 'nothing is left out');
  assert.match(JSON.stringify(inputs[2]), /made by a tool/);
});

test('ATaskIsDoneThoughItsAccountOverHttpIsLost', async (t) => {
  const lost = { match: { process_create: 2 }, times: 1, do: { fault: { kind: 'reset', when: 'created' } } };
  const script = [lost, kTask[0], { match: { input_contains: 'made.txt' }, times: 1, do: shell('cat made.txt') }, { do: { answer: [{ text: 'The file says: made by a tool.' }] } }];
  await assertTaskIsDone(t, { websockets: false, script, creates: 4, billed: 3, ...kStateless });
});

// What passes on the way to the gateway, as it was sent.
async function overheard(t, daemon, heard) {
  const server = createServer((client) => {
    const gateway = connect(daemon.port, '127.0.0.1');
    client.on('data', (bytes) => heard.push(bytes));
    for (const [one, other] of [[client, gateway], [gateway, client]]) one.on('error', () => other.destroy()).pipe(other);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  return { url: `http://127.0.0.1:${server.address().port}/v1`, key: daemon.key };
}

// It does so where it takes the gateway for OpenAI and has a login at ChatGPT.
test('ItsZstdBodiesAreUnderstood', async (t) => {
  const heard = [];
  const login = chatgptToken();
  const config = { keys: [{ name: 'dev', key: login }] };
  const { sim } = await assertTaskIsDone(t, { websockets: false, login, config, through: (scope, daemon) => overheard(scope, daemon, heard) });
  const sent = Buffer.concat(heard).toString('latin1');
  const posts = sent.match(/POST \/v1\/responses HTTP[^]*?\r\n\r\n/g);
  assert.equal(posts.length, 3);
  for (const post of posts) assert.match(post, /content-encoding: zstd/i);
  assert.doesNotMatch(sent, /made by a tool/);
  assert.match(sim.creates()[2].message, /made by a tool/);
});
