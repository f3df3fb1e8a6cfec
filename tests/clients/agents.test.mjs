import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Agent, OpenAIResponsesModel, run, setTracingDisabled, tool } from '@openai/agents';
import OpenAI from 'openai';

import { accountOf, startDaemon } from '../scenarios/lib/daemon.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';

// The Agents SDK over HTTP: it sends its whole history each time, and calls the model until it has an answer.

setTracingDisabled(true); // or it would look for the internet

const kAnswer = 'It rains in Oslo.';
const kCall = { times: 1, do: { answer: [{ call: { name: 'get_weather', arguments: { city: 'Oslo' } } }] } };
const kText = { do: { answer: [{ text: kAnswer }] } };

const kAccounts = [
  ['AnAccountOverWebSocket', {}, {}],
  ['AnAccountOverHttp', { transport: 'http' }, { websocket: 'off' }],
];

async function gateway(t, script, [, account, options]) {
  const sim = await startSim(t, { script, ...options });
  const config = { accounts: [accountOf(sim, account)], recovery: { budget: '100ms' } };
  const daemon = await startDaemon(t, { config });
  const client = new OpenAI({ apiKey: daemon.key, baseURL: daemon.url, maxRetries: 0 });
  const asked = [];
  const weather = tool({
    name: 'get_weather',
    description: 'The weather in a city.',
    strict: false,
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: true },
    execute: ({ city }) => (asked.push(city), 'rain'),
  });
  const agent = new Agent({ name: 'Forecaster', instructions: 'Tell.', model: new OpenAIResponsesModel(client, 'gpt-5.2'), tools: [weather] });
  return { sim, daemon, agent, asked };
}

async function outcomeOf(agent, input, stream) {
  const result = await run(agent, input, { stream, maxTurns: 10 });
  if (stream) await result.completed;
  if (stream && result.error) throw result.error;
  return result;
}

const statuses = async (daemon, count) => (await daemon.usage(count)).map(({ status }) => status);

describe('The Agents SDK', { concurrency: 4 }, () => {
  for (const [place, stream] of kAccounts.flatMap((one) => [[one, false], [one, true]])) {
    const how = `${stream ? 'Streamed' : ''}On${place[0]}`;

    test(`ATaskWithAToolCallIsDone${how}`, async (t) => {
      const { sim, daemon, agent, asked } = await gateway(t, [kCall, kText], place);
      const first = await outcomeOf(agent, 'What is the weather in Oslo?', stream);
      assert.equal(first.finalOutput, kAnswer);
      assert.deepEqual(asked, ['Oslo']);
      const second = await outcomeOf(agent, [...first.history, { role: 'user', content: 'Thanks.' }], stream);
      assert.equal(second.finalOutput, kAnswer);
      assert.deepEqual(await statuses(daemon, 3), ['completed', 'completed', 'completed']);
      assert.match(sim.creates().at(-1).message, /function_call_output/);
    });

    test(`ATaskByItsParentsIsDone${how}`, async (t) => {
      const { daemon, agent } = await gateway(t, [kCall, kText], place);
      const first = await outcomeOf(agent, 'What is the weather in Oslo?', stream);
      const next = await run(agent, 'Thanks.', { previousResponseId: first.lastResponseId });
      assert.equal(next.finalOutput, kAnswer);
      assert.deepEqual(await statuses(daemon, 3), ['completed', 'completed', 'completed']);
    });

    // It loops for as long as a response has no output, and each time is paid for.
    test(`AnEndThatHasNoOutputDoesNotMakeItLoop${how}`, async (t) => {
      const bare = { type: 'response.completed', response: { id: '$response', object: 'response', status: 'completed', output: [], usage: { input_tokens: 9, output_tokens: 9, total_tokens: 18 } } };
      const act = (more) => ({ ...more, terminal: 'none', events: [{ when: 'after', event: bare }] });
      const { sim, daemon, agent, asked } = await gateway(t, [{ ...kCall, do: act(kCall.do) }, { do: act(kText.do) }], place);
      assert.equal((await outcomeOf(agent, 'What is the weather in Oslo?', stream)).finalOutput, kAnswer);
      assert.deepEqual(asked, ['Oslo']);
      assert.equal(sim.creates().length, 2);
      assert.deepEqual(await statuses(daemon, 2), ['completed', 'completed']);
    });

    const kErrors = [
      ['ARefusal', { error: { status: 400, code: 'invalid_prompt', message: 'No.' } }],
      ['AFailure', { failed: { code: 'invalid_prompt', message: 'No.' } }],
      ['AnErrorAfterContent', { error: { status: 400, code: 'invalid_prompt', message: 'No.', after: 'content:1' } }],
      // Who waits for a document is given another.
      ...(stream ? [['ALossAfterContent', { fault: { kind: 'reset', when: 'content:1' } }]] : []),
    ];
    for (const [what, act] of kErrors)
      test(`${what}IsToldAndATurnAfterItWorks${how}`, async (t) => {
        const { sim, agent } = await gateway(t, [{ times: 1, do: act }, kCall, kText], place);
        await assert.rejects(outcomeOf(agent, 'What is the weather in Oslo?', stream));
        assert.equal(sim.creates().length, 1);
        assert.equal((await outcomeOf(agent, 'What is the weather in Oslo?', stream)).finalOutput, kAnswer);
      });

    const kUnseen = [
      ['ALossBeforeContent', { fault: { kind: 'reset', when: 'created' } }],
      ['AServerError', { error: { status: 500, code: 'server_error', message: 'Later.' } }],
      ...(stream ? [] : [['ALossAfterContent', { fault: { kind: 'reset', when: 'content:1' } }]]),
    ];
    for (const [what, act] of kUnseen)
      test(`${what}IsNotNoticed${how}`, async (t) => {
        const { sim, agent, asked } = await gateway(t, [kCall, { times: 1, do: { ...kText.do, ...act } }, kText], place);
        assert.equal((await outcomeOf(agent, 'What is the weather in Oslo?', stream)).finalOutput, kAnswer);
        assert.deepEqual(asked, ['Oslo']);
        assert.equal(sim.creates().length, 3);
      });
  }
});
