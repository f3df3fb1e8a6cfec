import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { startDaemon } from './lib/daemon.mjs';
import { connectLean } from './lib/lean.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed } from './lib/wait.mjs';

// Neither the memory of a session nor the work of a turn grows with the length of its conversation. Nobody stores these,
// so the gateway keeps of them what it may.

const kText = 'x'.repeat(4096); // what each turn adds

// A gateway that kept a conversation would grow by more than was said in it.
const kMostKept = 0.5;

// What costs more with each turn costs several times as much at the end.
const kMostDearer = 1.5;

// A sanitizer would keep what was freed.
const kSmallQuarantine = {
  ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1:thread_local_quarantine_size_kb=16`,
};

const kTicks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function bytesOf({ pid }) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(status.match(/^VmRSS:\s+(\d+) kB$/m)[1]) * 1024;
}

function cpuSecondsOf({ pid }) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [utime, stime] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number);
  return (utime + stime) / kTicks;
}

async function gateway(t, continuity) {
  const sim = await startSim(t, { deltas: 1, deltaBytes: 96 });
  return startDaemon(t, { upstream: sim, config: { continuity, log: { level: 'info' } }, env: kSmallQuarantine });
}

// Conversations that go on side by side, a turn of each at a time.
class Cohort {
  turns = 0;

  static async of(t, daemon, count) {
    const cohort = new Cohort();
    const clients = await Promise.all(Array.from({ length: count }, () => connectLean(t, daemon.wsUrl)));
    cohort.conversations = clients.map((client) => ({ client, last: undefined }));
    return cohort;
  }

  async reach(turns) {
    for (; this.turns < turns; ++this.turns) await Promise.all(this.conversations.map(takeTurn));
  }
}

async function takeTurn(conversation) {
  const { client, last } = conversation;
  const texts = await client.turn({ model: 'sim-1', store: false, input: kText, previous_response_id: last });
  const terminal = JSON.parse(texts.at(-1));
  assert.equal(terminal.type, 'response.completed', texts.at(-1));
  conversation.last = terminal.response.id;
}

async function memoryStaysFlat(t) {
  const sessions = 10;
  const daemon = await gateway(t, { chain_max_per_session: '256KiB' }); // reached after 60 turns
  const cohort = await Cohort.of(t, daemon, sessions);
  const bytes = {};
  for (const turns of [200, 600, 1000]) {
    await cohort.reach(turns);
    bytes[turns] = bytesOf(daemon);
  }
  for (const [from, to] of [[200, 600], [600, 1000]]) {
    const said = sessions * (to - from) * kText.length;
    const what = `grew by ${bytes[to] - bytes[from]} bytes from turn ${from} to ${to}, in which ${said} were said`;
    t.diagnostic(what);
    assert.ok(bytes[to] - bytes[from] < said * kMostKept, what);
  }
}

// The old and the young take turns in the same minute, so that what else the machine does falls on both.
async function workStaysFlat(t) {
  const daemon = await gateway(t, {}); // keeps all of them whole
  const [young, old] = [await Cohort.of(t, daemon, 3), await Cohort.of(t, daemon, 3)];
  await young.reach(100);
  await old.reach(800);
  const spent = { young: 0, old: 0 };
  const measure = async (name, cohort) => {
    const before = cpuSecondsOf(daemon);
    await cohort.reach(cohort.turns + 20);
    spent[name] += cpuSecondsOf(daemon) - before;
  };
  while (old.turns < 1000) {
    await measure('young', young);
    await measure('old', old);
  }
  const what = `turns 100 to 300 took ${spent.young.toFixed(2)} s of CPU time, turns 800 to 1000 ${spent.old.toFixed(2)} s`;
  t.diagnostic(what);
  assert.ok(spent.old < spent.young * kMostDearer, what);
}

test('TheLengthOfAConversation', { concurrency: 2, timeout: slowed(170_000) }, async (t) => {
  await Promise.all([
    t.test('CostsNoMemoryOnceItsBudgetIsReached', memoryStaysFlat),
    t.test('MakesNoTurnDearer', workStaysFlat),
  ]);
});
