import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { startDaemon } from '../scenarios/lib/daemon.mjs';
import { costOf } from '../scenarios/lib/prices.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { codexExec, itemsOf, kModel, shell } from './lib/codex.mjs';

async function gateway(t, script, config) {
  const sim = await startSim(t, { script });
  const daemon = await startDaemon(t, { upstream: sim, config });
  return { sim, daemon };
}

// The warm-up is the first create.
const kTask = [
  { match: { create: 2 }, do: shell('echo made by a tool > made.txt') },
  { match: { create: 3 }, do: shell('cat made.txt') },
  { match: { create: 4 }, do: { answer: [{ text: 'The file says: made by a tool.' }] } },
];

const sum = (rows, column) => rows.reduce((total, row) => total + row[column], 0);

const usageOf = (row) => ({
  input_tokens: row.input_tokens,
  input_tokens_details: { cached_tokens: row.cached_tokens, cache_write_tokens: row.cache_write_tokens },
  output_tokens: row.output_tokens,
});

test('ATaskWithTwoShellCallsStaysOnOneUpstreamConnection', async (t) => {
  const { sim, daemon } = await gateway(t, kTask);
  const run = await codexExec(t, daemon, 'Make a file, then read it.');

  assert.equal(run.code, 0, run.said);
  assert.deepEqual(
    itemsOf(run, 'command_execution').map((item) => [item.exit_code, item.aggregated_output]),
    [[0, ''], [0, 'made by a tool\n']],
  );
  assert.equal(await readFile(join(run.work, 'made.txt'), 'utf8'), 'made by a tool\n');
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), ['The file says: made by a tool.']);

  const creates = sim.creates();
  const made = sim.responses().map((entry) => entry.response.id);
  assert.equal(sim.upgrades().length, 1);
  assert.deepEqual(creates.map((create) => create.connection), [1, 1, 1, 1]);
  assert.deepEqual(creates.map((create) => create.event.generate), [false, undefined, undefined, undefined]);
  assert.deepEqual(creates.map((create) => create.event.previous_response_id), [undefined, ...made.slice(0, 3)]);
  assert.match(creates[3].message, /made by a tool/, 'the second output went up');
});

test('EachResponseOfATaskIsBilledOnce', async (t) => {
  const { sim, daemon } = await gateway(t, kTask);
  const run = await codexExec(t, daemon, 'Make a file, then read it.');
  assert.equal(run.code, 0, run.said);

  const rows = await daemon.usage(4);
  assert.deepEqual(rows.map((row) => row.upstream_response_id), sim.responses().map((entry) => entry.response.id));
  for (const row of rows) {
    assert.deepEqual([row.request_type, row.status, row.requested_model], ['ws_v2', 'completed', kModel]);
    assert.equal(row.cost_nano_usd, costOf(kModel, usageOf(row)));
    assert.ok(row.cost_nano_usd > 0);
    assert.match(row.user_agent, /^codex_exec\//);
    assert.equal(row.session, rows[0].session);
  }
  assert.equal(rows[0].output_tokens, 0);
  const turns = rows.slice(1); // Codex counts them, and leaves its warm-up out
  const { usage } = run.events.find((event) => event.type === 'turn.completed');
  assert.equal(sum(turns, 'input_tokens'), usage.input_tokens);
  assert.equal(sum(turns, 'cached_tokens'), usage.cached_input_tokens);
  assert.equal(sum(turns, 'output_tokens'), usage.output_tokens);
});

const kLongText = 'A long answer, and worth compressing. '.repeat(1500);
const kLongAnswer = [{ match: { create: 2 }, do: { answer: [{ text: kLongText }], delta_bytes: 4000 } }];

test('SpeaksCompressed', async (t) => {
  const { sim, daemon } = await gateway(t, kLongAnswer);
  const run = await codexExec(t, daemon, 'Tell me a story.');
  assert.equal(run.code, 0, run.said);
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), [kLongText]);

  const [session] = daemon.logged('session begun');
  assert.equal(session.deflate, true);
  const { bytes_out } = await daemon.loggedOnce('session ended', (line) => line.session === session.session);
  assert.ok(bytes_out < kLongText.length, `${bytes_out} bytes went to the client`);
  assert.equal(sim.upgrades()[0].upgrade.headers.some(([name]) => name === 'sec-websocket-extensions'), false);
});

test('SpeaksPlainWhereCompressionIsOff', async (t) => {
  const { sim, daemon } = await gateway(t, kLongAnswer, { server: { deflate: false } });
  const run = await codexExec(t, daemon, 'Tell me a story.');
  assert.equal(run.code, 0, run.said);
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), [kLongText]);
  assert.equal(daemon.logged('session begun')[0].deflate, false);
  assert.equal(sim.upgrades().length, 1);
});

test('GoesOnAfterItsParentIsLost', async (t) => {
  const lost = { status: 400, code: 'previous_response_not_found', param: 'previous_response_id' };
  const { sim, daemon } = await gateway(t, [
    { match: { process_create: 2 }, do: shell('echo made by a tool > made.txt') },
    { match: { process_create: 3 }, do: { error: { ...lost, after: 'nothing' } } },
    { match: { process_create: 4 }, do: { answer: [{ text: 'Done all the same.' }] } },
  ]);
  const run = await codexExec(t, daemon, 'Make a file.');
  assert.equal(run.code, 0, run.said);
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), ['Done all the same.']);
  assert.equal(await readFile(join(run.work, 'made.txt'), 'utf8'), 'made by a tool\n');

  const again = sim.creates()[3];
  assert.equal(again.event.previous_response_id, undefined, 'all of it was sent again');
  assert.ok(again.event.input.some((item) => item.type === 'function_call_output'));
  const rows = await daemon.usage(3);
  assert.equal(rows.length, 3); // the refused continuation was no response
});
