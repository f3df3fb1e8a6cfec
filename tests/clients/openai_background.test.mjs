import assert from 'node:assert/strict';
import { test } from 'node:test';

import OpenAI from 'openai';

import { startDaemon } from '../scenarios/lib/daemon.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { waitFor } from '../scenarios/lib/wait.mjs';

// The OpenAI SDK and background responses: polling, streams that are resumed, cancelling.

async function gateway(t) {
  const script = [
    { match: { input_contains: 'a story' }, do: { deltas: 60, interval_us: 10_000 } },
    { match: { input_contains: 'for ever' }, do: { deltas: 100_000, interval_us: 10_000 } },
  ];
  const sim = await startSim(t, { deltas: 4, script });
  const daemon = await startDaemon(t, { upstream: sim });
  const client = new OpenAI({ apiKey: daemon.key, baseURL: daemon.url, maxRetries: 0 });
  return { sim, daemon, client };
}

const kCreate = { model: 'gpt-5.2', input: 'a story', background: true };

test('PollingComesToTheResponse', async (t) => {
  const { client } = await gateway(t);
  const begun = await client.responses.create(kCreate);
  assert.equal(begun.status, 'in_progress');
  const done = await waitFor(async () => {
    const response = await client.responses.retrieve(begun.id);
    return response.status !== 'in_progress' && response;
  }, 'its end');
  assert.equal(done.status, 'completed');
  assert.match(done.output_text, /^You said: a story/);
});

test('AStreamThatBreaksIsTakenUpWhereItBroke', async (t) => {
  const { client } = await gateway(t);
  const seen = [];
  let id;
  for await (const event of await client.responses.create({ ...kCreate, stream: true })) {
    id ??= event.response?.id;
    seen.push(event);
    if (seen.length === 12) break;
  }
  for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: seen.at(-1).sequence_number })) seen.push(event);
  assert.deepEqual(seen.map(({ sequence_number }) => sequence_number), seen.map((_, i) => i));
  assert.equal(seen.at(-1).type, 'response.completed');
  const whole = seen.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta).join('');
  assert.equal(seen.at(-1).response.output[0].content[0].text, whole);
});

test('TheHelperResumesByItself', async (t) => {
  const { client } = await gateway(t);
  const { id } = await client.responses.create(kCreate);
  const stream = client.responses.stream({ response_id: id, starting_after: 5 });
  const given = [];
  stream.on('event', ({ sequence_number }) => given.push(sequence_number));
  const final = await stream.finalResponse();
  assert.equal(final.status, 'completed');
  assert.match(final.output_text, /^You said: a story/);
  assert.equal(given[0], 6);
});

test('CancellingAndDeletingAreUnderstood', async (t) => {
  const { client, daemon } = await gateway(t);
  const { id } = await client.responses.create({ ...kCreate, input: 'for ever' });
  for (let i = 0; i < 2; ++i) assert.equal((await client.responses.cancel(id)).status, 'cancelled');
  await client.responses.delete(id);
  await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);
  await assert.rejects(client.responses.cancel(id), OpenAI.NotFoundError);
  const foreground = await client.responses.create({ model: 'gpt-5.2', input: 'hello' });
  await waitFor(() => client.responses.cancel(foreground.id).then(() => false, (error) => error instanceof OpenAI.BadRequestError), 'it to be known'); // after its end was told
  assert.equal((await daemon.usage(2)).length, 2);
});
