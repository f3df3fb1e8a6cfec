import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { startDaemon } from '../scenarios/lib/daemon.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { codexExec, itemsOf, shell } from './lib/codex.mjs';

// A task of a warm-up, a shell call and an answer, with one fault on the way: Codex ends it as if nothing had
// happened. Of what came before any content it does not even notice: it stays on its socket.

const kAtOnce = { concurrency: 2 }; // runs that share the machine
const kServerError = { code: 'server_error', message: 'Try again.' };
const kLimit = { status: 400, code: 'websocket_connection_limit_reached', message: '60 minutes are over.' };

const kUnseen = [
  // the fault, why the turn is tried again
  ['AResetBeforeAnything', { fault: { kind: 'reset', when: 'before' } }, 'upstream_lost'],
  ['AResetAfterLifecycle', { fault: { kind: 'reset', when: 'created' } }, 'upstream_lost'],
  ['Close1011AfterLifecycle', { fault: { kind: 'close', code: 1011, when: 'created' } }, 'upstream_lost'],
  ['Close1012BeforeAnything', { fault: { kind: 'close', code: 1012, when: 'before' } }, 'upstream_restart'],
  ['AnErrorEvent500', { error: { status: 500, ...kServerError } }, 'server_error'],
  ['AFailedResponse', { failed: kServerError, answer: [] }, 'server_error'],
  ['TheConnectionLimit', { error: kLimit }, 'connection_limit'],
];

const kSeen = [
  ['AReset', { fault: { kind: 'reset', when: 'content:1' } }],
  ['Close1011', { fault: { kind: 'close', code: 1011, when: 'content:1' } }],
  ['Close1012', { fault: { kind: 'close', code: 1012, when: 'content:1' } }],
];

const kCommand = 'echo made by a tool | tee -a made.txt'; // a second run of it would show in the file
const kAnswer = 'The file says: made by a tool.';

const kWarmUp = { match: { generate: false }, do: {} };
const kCall = { times: 1, do: shell(kCommand) };
const kText = { do: { answer: [{ text: kAnswer }] } };
const kTurns = ['AtTheFirstTurn', 'AtTheToolRound'];

// What is said until the fault is what the turn would have said.
function scriptOf(turn, fault) {
  const once = (what) => ({ times: 1, do: { ...what.do, ...fault } });
  return turn === 'AtTheFirstTurn' ? [kWarmUp, once(kCall), kCall, kText] : [kWarmUp, kCall, once(kText), kText];
}

async function runThrough(t, turn, fault) {
  const sim = await startSim(t, { script: scriptOf(turn, fault) });
  const daemon = await startDaemon(t, { upstream: sim });
  return { sim, daemon, run: await codexExec(t, daemon, 'Make a file, then say what is in it.') };
}

async function assertTaskDone(run) {
  assert.equal(run.code, 0, run.said);
  const commands = itemsOf(run, 'command_execution').map((item) => [item.exit_code, item.aggregated_output]);
  assert.deepEqual(commands, [[0, 'made by a tool\n']]);
  assert.equal(await readFile(join(run.work, 'made.txt'), 'utf8'), 'made by a tool\n', 'the command ran once');
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), [kAnswer]);
}

const sockets = (daemon) => daemon.logged('session begun').length;

test('WhatHappensBeforeContentIsNotEvenNoticed', kAtOnce, async (t) => {
  const cases = kUnseen.flatMap(([what, fault, reason]) => kTurns.map((turn) => [what + turn, turn, fault, reason]));
  await Promise.all(
    cases.map(([name, turn, fault, reason]) =>
      t.test(name, async (inner) => {
        const { sim, daemon, run } = await runThrough(inner, turn, fault);
        await assertTaskDone(run);
        assert.equal(sockets(daemon), 1);
        const creates = sim.creates();
        assert.equal(creates.length, 4, 'warm-up, call, answer, and one of them twice');
        assert.match(creates.at(-1).message, /function_call_output/);
        const rows = await daemon.usage(3);
        const mended = [2, reason];
        assert.deepEqual(
          rows.map((row) => [row.attempts, row.retry_reason]),
          turn === 'AtTheFirstTurn' ? [[1, ''], mended, [1, '']] : [[1, ''], [1, ''], mended],
        );
        assert.ok(rows.every((row) => row.status === 'completed'));
      }),
    ),
  );
});

test('WhatHappensAfterContentCostsNoMoreThanANewSocket', kAtOnce, async (t) => {
  const cases = kSeen.flatMap(([what, fault]) => kTurns.map((turn) => [what + turn, turn, fault]));
  await Promise.all(
    cases.map(([name, turn, fault]) =>
      t.test(name, async (inner) => {
        const { sim, daemon, run } = await runThrough(inner, turn, fault);
        await assertTaskDone(run);
        assert.ok(sockets(daemon) <= 2, `${sockets(daemon)} sockets`);
        assert.equal(sim.creates().filter((create) => create.event.generate !== false).length, 3);
        const rows = await daemon.usage(4);
        assert.deepEqual(rows.map((row) => row.status).sort(), ['aborted', 'completed', 'completed', 'completed']);
        const lost = rows.find((row) => row.status === 'aborted');
        assert.ok(lost.estimated && lost.cost_nano_usd > 0, 'what was seen is billed');
      }),
    ),
  );
});
