import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI from 'openai';

import { accountOf, startDaemon } from '../scenarios/lib/daemon.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';

// The OpenAI SDK as most programs use it: over HTTP.

async function gateway(t, { account = {}, ...options } = {}) {
  const sim = await startSim(t, { deltas: 4, ...options });
  const config = { accounts: [accountOf(sim, account)], recovery: { budget: '100ms' } };
  const daemon = await startDaemon(t, { config });
  const client = new OpenAI({ apiKey: daemon.key, baseURL: daemon.url, maxRetries: 0 });
  return { sim, daemon, client };
}

const kCreate = { model: 'gpt-5.2', input: 'hello' };
const kTool = { type: 'function', name: 'get_weather', strict: true, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } };

test('CreateGivesTheResponse', async (t) => {
  const { client, daemon } = await gateway(t);
  const response = await client.responses.create(kCreate);
  assert.match(response.output_text, /^You said: hello/);
  const [row] = await daemon.usage(1);
  assert.equal(response._request_id, row.turn_id);
});

test('AStreamGivesItsEventsAndTheHelperItsFinalResponse', async (t) => {
  const { client } = await gateway(t);
  const types = [];
  for await (const event of await client.responses.create({ ...kCreate, stream: true })) types.push(event.type);
  assert.deepEqual([types[0], types.at(-1)], ['response.created', 'response.completed']);
  const stream = client.responses.stream(kCreate);
  let text = '';
  stream.on('response.output_text.delta', ({ delta }) => (text += delta));
  const final = await stream.finalResponse();
  assert.equal(final.output_text, text);
});

test('AToolConversationGoesOnByItsParent', async (t) => {
  const script = [{ match: { process_create: 1 }, do: { answer: [{ call: { name: 'get_weather', arguments: { city: 'Paris' } } }] } }];
  const { client, sim } = await gateway(t, { script });
  const first = await client.responses.create({ ...kCreate, tools: [kTool], store: false });
  const call = first.output.find(({ type }) => type === 'function_call');
  const output = { type: 'function_call_output', call_id: call.call_id, output: 'sunny' };
  const second = await client.responses.create({ ...kCreate, input: [output], previous_response_id: first.id, store: false });
  assert.equal(second.status, 'completed');
  assert.equal(sim.upgrades().length, 1);
});

test('ErrorsHaveTheirClassesAndATurnAfterThemWorks', async (t) => {
  const error = (status, code) => [{ match: { input_contains: code }, do: { error: { status, code, message: 'No.' } } }];
  const { client } = await gateway(t, { script: [...error(400, 'invalid_prompt'), ...error(429, 'rate_limit_exceeded')] });
  const fails = (input, kind, code) =>
    assert.rejects(client.responses.create({ ...kCreate, input }), (failure) => failure instanceof kind && failure.code === code);
  await fails('invalid_prompt', OpenAI.BadRequestError, 'invalid_prompt');
  await fails('rate_limit_exceeded', OpenAI.RateLimitError, 'rate_limit_exceeded');
  await assert.rejects(client.responses.create({ ...kCreate, previous_response_id: 'resp_none' }), OpenAI.BadRequestError);
  const stranger = new OpenAI({ apiKey: 'nobody', baseURL: client.baseURL, maxRetries: 0 });
  await assert.rejects(stranger.responses.create(kCreate), OpenAI.AuthenticationError);
});

test('WhatARateLimitSaysIsWaitedFor', async (t) => {
  const limited = { times: 1, do: { error: { status: 429, code: 'rate_limit_exceeded', message: 'Later.', headers: { 'retry-after': '1' } } } };
  const { client } = await gateway(t, { script: [limited] });
  const patient = new OpenAI({ apiKey: client.apiKey, baseURL: client.baseURL, maxRetries: 3 });
  assert.equal((await patient.responses.create(kCreate)).status, 'completed');
});

test('AStreamThatIsGivenUpIsCancelled', async (t) => {
  const { client, daemon } = await gateway(t, { script: [{ match: { input_contains: 'hold' }, do: { fault: { kind: 'hang', when: 'content:1' } } }] });
  const stream = await client.responses.create({ ...kCreate, input: 'hold', stream: true });
  for await (const event of stream) if (event.type === 'response.output_text.delta') break;
  const [row] = await daemon.usage(1);
  assert.equal(row.status, 'aborted');
  assert.equal((await client.responses.create(kCreate)).status, 'completed');
});

const kPlaces = [
  ['AnAccountOverWebSocket', {}],
  ['AnAccountOverHttp', { account: { transport: 'http' }, websocket: 'off' }],
];

// What it makes of the end of a turn: asked for a document, for events, and through its helper.
const kWays = {
  Plain: async (client) => (await client.responses.create(kCreate)).status,
  Events: async (client) => {
    let last;
    for await (const event of await client.responses.create({ ...kCreate, stream: true })) last = event;
    return last.response.status;
  },
  Helper: async (client) => (await client.responses.stream(kCreate).finalResponse()).status,
};

// What breaks, and what each of them gets: a status, or the error that it throws.
const kBroken = [
  ['ARefusal', { error: { status: 400, code: 'invalid_prompt', message: 'No.' } }, { all: 400 }],
  ['AFailure', { failed: { code: 'invalid_prompt', message: 'No.' }, answer: [] }, { all: 'failed', Plain: 400 }],
  ['AFailureAfterContent', { failed: { code: 'server_error', message: 'No.' } }, { all: 'failed' }],
  ['AnErrorAfterContent', { error: { status: 400, code: 'invalid_prompt', message: 'No.', after: 'content:1' } }, { all: 'failed', Plain: 400 }],
  ['ALossAfterContent', { fault: { kind: 'reset', when: 'content:1' } }, { all: 'failed', Plain: 'completed' }],
  ['ALossBeforeContent', { fault: { kind: 'reset', when: 'created' } }, { all: 'completed' }],
  ['AServerError', { error: { status: 500, code: 'server_error', message: 'No.' } }, { all: 'completed' }],
];

for (const [place, options] of kPlaces)
  describe(`On${place}`, { concurrency: 4 }, () => {
    for (const [what, act, ends] of kBroken)
      for (const [way, ask] of Object.entries(kWays))
        test(`${what}HasItsEndFor${way}AndATurnAfterItWorks`, async (t) => {
          const { client } = await gateway(t, { ...options, script: [{ times: 1, do: act }] });
          const wanted = ends[way] ?? ends.all;
          const end = await ask(client).catch((error) => error.status ?? error);
          assert.equal(end, wanted);
          assert.equal(await ask(client), 'completed');
        });

    // It would repeat 502 twice by itself, and what was executed would be paid for three times over.
    test('WhatMayHaveBeenExecutedIsNotRepeatedByIt', async (t) => {
      const { client, sim } = await gateway(t, { ...options, script: [{ times: 2, do: { fault: { kind: 'reset', when: 'created' } } }] });
      const eager = new OpenAI({ apiKey: client.apiKey, baseURL: client.baseURL });
      await assert.rejects(eager.responses.create(kCreate), (error) => error.status === 502 && error.code === 'upstream_disconnected');
      assert.equal(sim.creates().length, 2);
      assert.equal((await eager.responses.create(kCreate)).status, 'completed');
    });
  });
