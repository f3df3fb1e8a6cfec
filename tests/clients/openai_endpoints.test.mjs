import assert from 'node:assert/strict';
import { test } from 'node:test';

import OpenAI from 'openai';

import { accountOf, startDaemon } from '../scenarios/lib/daemon.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { waitFor } from '../scenarios/lib/wait.mjs';

// The OpenAI SDK and what is no turn: models, responses by their ids, compaction, counting.

async function gateway(t) {
  const sim = await startSim(t, { deltas: 4 });
  const accounts = [accountOf(sim, { models: { 'gpt-5.2': 'gpt-5.2', fast: 'gpt-5.2' } })];
  const daemon = await startDaemon(t, { config: { accounts } });
  const client = new OpenAI({ apiKey: daemon.key, baseURL: daemon.url, maxRetries: 0 });
  return { sim, daemon, client };
}

const kCreate = { model: 'gpt-5.2', input: 'hello' };

test('ModelsAreListedAndRetrieved', async (t) => {
  const { client } = await gateway(t);
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ['fast', 'gpt-5.2']);
  assert.equal((await client.models.retrieve('fast')).object, 'model');
  await assert.rejects(client.models.retrieve('slow'), OpenAI.NotFoundError);
});

test('ResponsesAreRetrievedListedAndDeleted', async (t) => {
  const { client } = await gateway(t);
  const made = await client.responses.create(kCreate);
  const got = await waitFor(() => client.responses.retrieve(made.id, { include: ['reasoning.encrypted_content'] }).catch(() => false), 'it to be bound');
  assert.equal(got.output_text, made.output_text);
  assert.match(got._request_id, /^[0-9a-f-]{36}$/);
  const items = [];
  for await (const item of client.responses.inputItems.list(made.id, { limit: 1, order: 'asc' })) items.push(item);
  assert.deepEqual(items.map(({ role }) => role), ['user']);
  await client.responses.delete(made.id);
  await assert.rejects(client.responses.retrieve(made.id), OpenAI.NotFoundError);
  await assert.rejects(client.responses.inputItems.list(made.id), OpenAI.NotFoundError);
  await assert.rejects(client.responses.create({ ...kCreate, previous_response_id: made.id }), OpenAI.BadRequestError);
});

test('AConversationIsCompactedAndGoesOn', async (t) => {
  const { client, daemon } = await gateway(t);
  const made = await client.responses.create(kCreate);
  const { output, usage } = await client.responses.compact({ model: 'gpt-5.2', previous_response_id: made.id, input: 'and then?' });
  assert.ok(usage.total_tokens > 0);
  const next = await client.responses.create({ ...kCreate, input: [...output, { role: 'user', content: 'go on' }] });
  assert.match(next.output_text, /^You said: go on/);
  assert.equal((await daemon.usage(3)).length, 3);
});

test('TokensAreCounted', async (t) => {
  const { client, daemon } = await gateway(t);
  const { input_tokens } = await client.responses.inputTokens.count({ model: 'gpt-5.2', input: 'hello, you' });
  assert.ok(input_tokens > 0);
  await client.responses.create(kCreate);
  assert.equal((await daemon.usage(1)).length, 1);
});
