import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { accountOf, kKey, startDaemon } from '../scenarios/lib/daemon.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { codexExec, itemsOf, shell } from './lib/codex.mjs';

// A task of a warm-up, a shell call and an answer, with one fault on the way: Codex ends it as if nothing had
// happened. Of what came before any content it does not even notice: it stays on its socket, or posts once for each answer.

const kAtOnce = { concurrency: 2 }; // runs that share the machine

// How it comes: by WebSocket, with a warm-up; or by HTTP, because it was told so or because its upgrade was refused with 426.
const kSides = [
  { side: 'OverWebSocket', warmUps: 1 },
  { side: 'OverHttp', isHttp: true, run: { websockets: false }, warmUps: 0 },
  { side: 'AfterA426', isHttp: true, group: { name: 'http', mode: 'off' }, warmUps: 0 },
];

// What its account speaks; over HTTP it has no Close frames.
const kAccounts = [
  { place: '', account: {}, options: {} },
  { place: 'OnAnAccountOverHttp', account: { transport: 'http' }, options: { websocket: 'off' }, isHttp: true },
];
const kServerError = { code: 'server_error', message: 'Try again.' };
const kConnectionLimit = { error: { status: 400, code: 'websocket_connection_limit_reached', message: '60 minutes are over.' } };

const kUnseen = [
  // the fault, why the turn is tried again
  ['AResetBeforeAnything', { fault: { kind: 'reset', when: 'before' } }, 'upstream_lost'],
  ['AResetAfterLifecycle', { fault: { kind: 'reset', when: 'created' } }, 'upstream_lost'],
  ['Close1011AfterLifecycle', { fault: { kind: 'close', code: 1011, when: 'created' } }, 'upstream_lost'],
  ['Close1012BeforeAnything', { fault: { kind: 'close', code: 1012, when: 'before' } }, 'upstream_restart'],
  ['AnErrorEvent500', { error: { status: 500, ...kServerError } }, 'server_error'],
  ['AFailedResponse', { failed: kServerError, answer: [] }, 'server_error'],
  ['TheConnectionLimit', kConnectionLimit, 'connection_limit'],
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

function* cases(faults) {
  for (const [what, fault, reason] of faults)
    for (const turn of kTurns)
      for (const side of kSides)
        for (const { isHttp, ...place } of kAccounts) {
          const hasIt = !isHttp || (fault.fault?.kind !== 'close' && fault !== kConnectionLimit);
          const isUsual = !isHttp || side.side !== 'AfterA426'; // from there on it is as any over HTTP
          if (hasIt && isUsual) yield { name: what + turn + side.side + place.place, turn, fault, reason, ...side, ...place };
        }
}

async function runThrough(t, { turn, fault, run, group, account, options }) {
  const sim = await startSim(t, { script: scriptOf(turn, fault), ...options });
  const groups = group ? { groups: [group], keys: [{ name: 'dev', key: kKey, group: group.name }] } : {};
  const accounts = [accountOf(sim, { ...account, ...(group ? { groups: [group.name] } : {}) })];
  const daemon = await startDaemon(t, { config: { accounts, ...groups } });
  return { sim, daemon, run: await codexExec(t, daemon, 'Make a file, then say what is in it.', run) };
}

async function assertTaskDone(run) {
  assert.equal(run.code, 0, run.said);
  const commands = itemsOf(run, 'command_execution').map((item) => [item.exit_code, item.aggregated_output]);
  assert.deepEqual(commands, [[0, 'made by a tool\n']]);
  assert.equal(await readFile(join(run.work, 'made.txt'), 'utf8'), 'made by a tool\n', 'the command ran once');
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), [kAnswer]);
}

const sockets = (daemon) => daemon.logged('session begun').length;

// Over HTTP to an account that is asked over HTTP a warm-up is answered by the gateway.
const isOfTheTask = ({ event }) => event.generate !== false;

test('WhatHappensBeforeContentIsNotEvenNoticed', kAtOnce, async (t) => {
  await Promise.all(
    [...cases(kUnseen)].map(({ name, reason, ...one }) =>
      t.test(name, async (inner) => {
        const { sim, daemon, run } = await runThrough(inner, one);
        await assertTaskDone(run);
        assert.equal(sockets(daemon), one.isHttp ? 0 : 1);
        const creates = sim.creates().filter(isOfTheTask);
        assert.equal(creates.length, 3, 'call, answer, and one of them twice');
        assert.match(creates.at(-1).message, /function_call_output/);
        const rows = await daemon.usage(one.warmUps + 2);
        assert.ok(rows.every((row) => row.status === 'completed'));
        const [call, answer] = rows.slice(one.warmUps);
        const [mended, other] = one.turn === 'AtTheFirstTurn' ? [call, answer] : [answer, call];
        assert.deepEqual([mended.attempts, other.attempts, other.retry_reason], [2, 1, '']);
        const why = mended.retry_reason === 'stale_connection' && one.account.transport ? 'upstream_lost' : mended.retry_reason; // as luck has it
        assert.equal(why, reason);
        assert.equal(rows.length, one.warmUps + 2, 'one for each');
      }),
    ),
  );
});

test('WhatHappensAfterContentCostsNoMoreThanANewSocketOrPost', kAtOnce, async (t) => {
  await Promise.all(
    [...cases(kSeen)].map(({ name, ...one }) =>
      t.test(name, async (inner) => {
        const { sim, daemon, run } = await runThrough(inner, one);
        await assertTaskDone(run);
        assert.ok(sockets(daemon) <= (one.isHttp ? 0 : 2), `${sockets(daemon)} sockets`);
        assert.equal(sim.creates().filter(isOfTheTask).length, 3);
        const rows = (await daemon.usage(one.warmUps + 3)).filter(({ reason }) => reason !== 'local_warm_up');
        const tasks = rows.filter((row) => row.status !== 'completed' || row.output_tokens > 0);
        assert.deepEqual(tasks.map((row) => row.status).sort(), ['aborted', 'completed', 'completed']);
        const lost = rows.find((row) => row.status === 'aborted');
        assert.ok(lost.estimated && lost.cost_nano_usd > 0, 'what was seen is billed');
      }),
    ),
  );
});
