import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { startDaemon } from '../scenarios/lib/daemon.mjs';
import { eventsOf, textOf } from '../scenarios/lib/http.mjs';
import { temporaryDirectory } from '../scenarios/lib/place.mjs';
import { Program } from '../scenarios/lib/program.mjs';
import { atEnd } from '../scenarios/lib/scope.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { within } from '../scenarios/lib/wait.mjs';

// curl, as people try a gateway with it.

async function gateway(t, options) {
  const sim = await startSim(t, { deltas: 4, ...options });
  return { sim, daemon: await startDaemon(t, { upstream: sim }) };
}

// {code, body, said}: its exit code, what it printed, and what -v told. `-N` shows events as they come.
function curl(t, daemon, fields, ...more) {
  const body = typeof fields === 'string' ? fields : JSON.stringify(fields);
  const headers = ['-H', `authorization: Bearer ${daemon.key}`, '-H', 'content-type: application/json'];
  const program = new Program('curl', ['-sSNv', `${daemon.url}/responses`, ...headers, '-d', body, ...more]);
  atEnd(t, () => program.isRunning && program.stop('SIGKILL'));
  return program;
}

async function curled(t, ...asked) {
  const program = curl(t, ...asked);
  const { code } = await within(program.ended, 'curl to finish');
  return { code, body: program.out, said: program.err };
}

const kTurn = { model: 'gpt-5.2', input: 'Say hello.' };

test('ShowsEventsAndDocumentsOfAConversation', async (t) => {
  const { daemon } = await gateway(t);
  const streamed = await curled(t, daemon, { ...kTurn, stream: true });
  assert.equal(streamed.code, 0, streamed.said);
  const { type, response } = eventsOf(streamed.body).at(-1);
  assert.equal(type, 'response.completed');
  assert.match(textOf(response), /^You said: Say hello/);
  const plain = await curled(t, daemon, { ...kTurn, input: 'And again.', previous_response_id: response.id });
  assert.equal(plain.code, 0, plain.said);
  assert.match(textOf(JSON.parse(plain.body)), /And again/);
});

test('ShowsEventsWhileTheyCome', async (t) => {
  const { daemon } = await gateway(t, { script: [{ do: { fault: { kind: 'hang', when: 'content:2' } } }] });
  const program = curl(t, daemon, { ...kTurn, stream: true });
  await program.printed(() => program.out.match(/output_text\.delta[^]*output_text\.delta/), 'the deltas that there are');
  await program.stop('SIGINT');
  const [row] = await daemon.usage(1);
  assert.deepEqual([row.status, row.reason], ['aborted', 'client_gone']);
});

// From 1 MiB on it waits for a 100 before it sends the body, a second at most.
test('SendsALargeBodyOnceItIsToldTo', async (t) => {
  const { sim, daemon } = await gateway(t);
  const file = join(await temporaryDirectory(t), 'body.json');
  await writeFile(file, JSON.stringify({ ...kTurn, input: 'x'.repeat(1 << 20) }));
  const answer = await curled(t, daemon, `@${file}`, '--expect100-timeout', '20');
  assert.equal(answer.code, 0, answer.said);
  assert.match(answer.said, /> Expect: 100-continue/);
  assert.match(answer.said, /< HTTP\/1\.1 100 Continue[^]*< HTTP\/1\.1 200 OK/);
  assert.equal(sim.creates()[0].event.input.length, 1 << 20);
});

test('IsRefusedBeforeItSendsALargeBody', async (t) => {
  const { sim, daemon } = await gateway(t);
  const file = join(await temporaryDirectory(t), 'body.json');
  await writeFile(file, JSON.stringify({ ...kTurn, input: 'x'.repeat(2 << 20) }));
  const answer = await curled(t, { ...daemon, url: daemon.url, key: 'nobody' }, `@${file}`, '--expect100-timeout', '20');
  assert.doesNotMatch(answer.said, /100 Continue/);
  assert.match(answer.said, /< HTTP\/1\.1 401/);
  assert.equal(JSON.parse(answer.body).error.code, 'invalid_api_key');
  assert.equal(sim.creates().length, 0);
});

test('IsToldOfErrorsAndATurnAfterThemWorks', async (t) => {
  const script = [
    { match: { input_contains: 'limited' }, do: { error: { status: 429, code: 'rate_limit_exceeded', message: 'Request too large: Limit 1, Requested 2.' } } },
    { match: { input_contains: 'lost' }, do: { fault: { kind: 'reset', when: 'content:1' } } },
  ];
  const { daemon } = await gateway(t, { script });
  const refused = await curled(t, daemon, { ...kTurn, input: 'limited' });
  assert.match(refused.said, /< HTTP\/1\.1 429/);
  assert.match(refused.said, /< retry-after: \d+/i);
  const lost = await curled(t, daemon, { ...kTurn, input: 'lost', stream: true });
  assert.equal(lost.code, 0, 'the stream has its end');
  const { type, response } = eventsOf(lost.body).at(-1);
  assert.deepEqual([type, response.error.code], ['response.failed', 'upstream_disconnected']);
  const broken = await curled(t, daemon, '{"model":');
  assert.match(broken.said, /< HTTP\/1\.1 400/);
  assert.equal(JSON.parse(broken.body).error.code, 'invalid_json');
  const after = await curled(t, daemon, kTurn);
  assert.equal(JSON.parse(after.body).status, 'completed');
});
