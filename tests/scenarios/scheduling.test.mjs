import assert from 'node:assert/strict';
import { test } from 'node:test';

import { gapsOf, mean, scoreOf, sharesOf, turnsOf } from './lib/choices.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { connectLean } from './lib/lean.mjs';
import { startSim } from './lib/sim.mjs';
import { kPatience, waitFor } from './lib/wait.mjs';

// behaviour.md section 6, with five accounts that differ in one thing each. Sessions draw by their keys, which are the same
// in each run; what differs from run to run is time.

const kAccounts = ['fast', 'slow', 'failing', 'quota-bound', 'recovering'];
const kSideBySide = 12;
const kTurns = 800; // of a phase
const kFailures = 5; // in a row, and the breaker opens
const kOpen = 1000; // ms
const kUsedPercent = 97;

const kServerError = { error: { status: 500, code: 'server_error', message: 'Try again.' } };
const kReset = { fault: { kind: 'reset', when: 'created' } };
const kDown = [{ do: kServerError }];
const kWell = [];

// Half of the failures are error events, the others lost connections; the second rule is asked only if the first has not hit.
const failingOf = (rate) => [
  { probability: rate / 2, do: kServerError },
  { probability: rate / 2 / (1 - rate / 2), do: kReset },
];

const nearlyUsedUp = () => {
  const primary = { used_percent: kUsedPercent, window_minutes: 300, reset_at: Math.floor(Date.now() / 1000) + 3600 };
  return [{ do: { rate_limits: { rate_limits: { primary } } } }];
};

// The gateway before all five.
async function startWorld(t, { concurrency = 16 } = {}) {
  const quick = { deltas: 1 };
  const sims = {
    fast: await startSim(t, quick),
    slow: await startSim(t, { ...quick, deltaIntervalUs: 300_000 }),
    failing: await startSim(t, quick),
    'quota-bound': await startSim(t, { ...quick, script: nearlyUsedUp() }),
    recovering: await startSim(t, quick),
  };
  const config = {
    accounts: kAccounts.map((name) => accountOf(sims[name], { name, concurrency })),
    scheduler: { top_k: 7, breaker: { failures: kFailures, open: `${kOpen}ms`, max_open: `${2 * kOpen}ms` } },
    recovery: { max_attempts: 8 }, // a lost connection is tried again on its account
  };
  return { t, sims, daemon: await startDaemon(t, { config }), ended: 0 };
}

async function takeTurn(client) {
  const texts = await client.turn({ model: 'sim-1', input: 'hello' });
  assert.equal(JSON.parse(texts.at(-1)).type, 'response.completed', texts.at(-1));
}

// A session of its own for each turn, so that neither stickiness nor a parent decides.
async function takeLoneTurn(world, session) {
  const client = await connectLean(world.t, world.daemon.wsUrl, { headers: { 'session-id': session } });
  await takeTurn(client);
  await client.close();
}

// Lone turns of a phase, always some at the same time, until it is enough. Returns them as the log tells of them.
async function drive(world, phase, isEnough = (taken) => taken >= kTurns) {
  let taken = 0;
  const deadline = Date.now() + 2 * kPatience;
  const client = async () => {
    while (!(await isEnough(taken))) {
      assert.ok(Date.now() < deadline, `${phase}: never enough`);
      await takeLoneTurn(world, `${phase}-${++taken}`);
    }
  };
  await Promise.all(Array.from({ length: kSideBySide }, client));
  return newTurns(world, taken);
}

async function newTurns(world, count) {
  const turns = await waitFor(() => {
    const all = turnsOf(world.daemon.log());
    return all.length >= world.ended + count && all.slice(world.ended);
  }, `${count} more turns in the log`);
  world.ended += turns.length;
  assertExplained(turns);
  return turns;
}

// One line for each attempt; nobody saw a failure.
function assertExplained(turns) {
  for (const turn of turns) {
    assert.equal(turn.outcome, 'completed');
    assert.equal(turn.choices.length, turn.attempts);
    assert.equal(turn.choices.at(-1).account, turn.account);
  }
}

const isShut = (choice, account) => choice.out[account] === 'breaker_open';
const shutShare = (turns, account) => mean(turns.map(({ choices }) => Number(isShut(choices[0], account))));

// The turns that had all five to choose from.
const withAllFive = (turns) => turns.filter(({ choices }) => choices[0].of === kAccounts.length);

// By the weights of the draw, from what the accounts scored on average.
function expectedShares(turns) {
  const scores = kAccounts.map((name) => scoreOf(turns, name).total);
  const weights = scores.map((score) => score - Math.min(...scores) + 1);
  const sum = weights.reduce((a, b) => a + b);
  return Object.fromEntries(kAccounts.map((name, i) => [name, weights[i] / sum]));
}

// Within four sigma.
function assertDrawnByWeight(turns) {
  assert.ok(turns.length > 100);
  const [shares, expected] = [sharesOf(turns, kAccounts), expectedShares(turns)];
  for (const name of kAccounts) {
    const tolerance = 4 * Math.sqrt((expected[name] * (1 - expected[name])) / turns.length);
    const text = `${name}: ${shares[name].toFixed(3)} instead of ${expected[name].toFixed(3)} ± ${tolerance.toFixed(3)}`;
    assert.ok(Math.abs(shares[name] - expected[name]) < tolerance, text);
  }
}

// How long it was left alone, each time after its breaker had opened.
const pausesOf = (sim) => gapsOf(sim.creates().map(({ ms }) => ms).slice(kFailures - 1), 0.7 * kOpen);

async function whileRecoveringIsDown(world) {
  const { recovering } = world.sims;
  await recovering.script(kDown);
  let isOver = false; // two open times have passed, and it was tried again after each
  const turns = await drive(world, 'down', () => (isOver ||= pausesOf(recovering).length >= 2));
  const pauses = pausesOf(recovering);
  assert.ok(pauses[0] >= 0.9 * kOpen, `left alone for ${pauses[0]} ms`);
  assert.ok(pauses[1] >= 1.8 * kOpen, `then for twice as long: ${pauses[1]} ms`);
  const tries = recovering.creates().length;
  const most = kFailures + kSideBySide + 2 * (pauses.length + 1);
  assert.ok(tries >= kFailures && tries <= most, `${tries} tries: until it opens, what runs by then, two probes each time`);
  assert.ok(turns.every((turn) => turn.account !== 'recovering'));
  assert.ok(shutShare(turns, 'recovering') > 0.5);
  return turns;
}

// It is well again; the probes find out.
async function untilItIsBack(world) {
  const { recovering } = world.sims;
  await recovering.script(kWell);
  let isBack = false;
  return drive(world, 'back', async () => (isBack ||= (await recovering.stats()).responses.completed >= 5));
}

async function failingAt(world, rate) {
  await world.sims.failing.script(failingOf(rate));
  return drive(world, `failing-${rate}`);
}

function assertRulesOfShares({ down, well, third, most }) {
  const all = { down, well, third: withAllFive(third), most };
  const shares = Object.fromEntries(Object.entries(all).map(([name, turns]) => [name, sharesOf(turns, kAccounts)]));
  assert.ok(shares.down.recovering < 0.5 * shares.well.recovering, 'an open breaker keeps turns away');
  assert.ok(shares.well.recovering > 0.75 * shares.well.fast, 'the one that is back has its share back');
  assert.ok(shares.well.slow < shares.well.fast, 'a slow one gets less');
  assert.ok(shares.well['quota-bound'] < 0.6 * shares.well.slow, 'one that is nearly used up much less');
  assert.ok(expectedShares(all.third).failing < expectedShares(well).failing, 'one that fails gets less');
  assert.ok(shares.most.failing < 0.7 * shares.third.failing, 'the less, the more it fails');
}

function assertRulesOfBreakers({ well, third, most }) {
  assert.equal(shutShare([...well, ...third, ...most], 'recovering'), 0, 'it closed, and stayed closed');
  assert.equal(shutShare(well, 'failing'), 0);
  assert.ok(shutShare(most, 'failing') > 0.2, 'it opens for one that fails most of the time');
}

function assertScores({ well, third }) {
  assert.equal(scoreOf(well, 'fast').errors, 1);
  assert.ok(scoreOf(well, 'fast').ttft > 0.9);
  assert.ok(scoreOf(well, 'slow').ttft < 0.1);
  assert.ok(scoreOf(well, 'slow').load < scoreOf(well, 'fast').load, 'its slots are busy for longer');
  assert.ok(Math.abs(scoreOf(well, 'quota-bound').quota - 0.3) < 0.05, '97 % used: 0.3 of the score is left');
  assert.ok(scoreOf(third, 'failing').errors < 0.8);
}

test('EachAccountGetsTheShareThatItEarns', async (t) => {
  const world = await startWorld(t);
  const phases = { down: await whileRecoveringIsDown(world), back: await untilItIsBack(world) };
  phases.well = await failingAt(world, 0);
  phases.third = await failingAt(world, 0.3);
  phases.most = await failingAt(world, 0.7);
  for (const line of table(phases)) t.diagnostic(line);
  assertRulesOfShares(phases);
  assertRulesOfBreakers(phases);
  assertScores(phases);
  assertDrawnByWeight(phases.well);
  assertDrawnByWeight(withAllFive(phases.third));
});

const kTitles = {
  down: 'recovering is down',
  back: 'it comes back',
  well: 'all is well',
  third: 'failing: 30 %',
  most: 'failing: 70 %',
};

const percent = (share) => `${Math.round(100 * share)} %`;
const row = (cells) => `| ${cells.join(' | ')} |`;

// As in docs/scheduling.md.
function table(phases) {
  const each = (of) => Object.keys(phases).map((name) => of(phases[name]));
  const shut = (name) => row([`${name}: breaker open`, ...each((turns) => percent(shutShare(turns, name)))]);
  const scores = (name) => {
    const { total, load, errors, ttft, quota } = scoreOf(phases.third, name);
    const numbers = [load, errors, ttft, quota, total].map((value) => value.toFixed(2));
    return row([name, ...numbers, percent(expectedShares(phases.third)[name])]);
  };
  return [
    row(['', ...Object.keys(phases).map((name) => kTitles[name])]),
    row(['turns', ...each((turns) => turns.length)]),
    row(['attempts', ...each((turns) => turns.flatMap(({ choices }) => choices).length)]),
    ...kAccounts.map((account) => row([account, ...each((turns) => percent(sharesOf(turns, kAccounts)[account]))])),
    shut('failing'),
    shut('recovering'),
    row([kTitles.third, 'load', 'errors', 'ttft', 'quota', 'score', 'weight']),
    ...kAccounts.map(scores),
  ];
}

// Sessions of several turns that have no parent: only stickiness keeps them where they are.
async function holdSessions(world, count) {
  const open = (n) => connectLean(world.t, world.daemon.wsUrl, { headers: { 'session-id': `long-${n}` } });
  const clients = await Promise.all(Array.from({ length: count }, (_, n) => open(n)));
  const takeOneEach = async () => {
    await Promise.all(clients.map(takeTurn));
    return newTurns(world, count);
  };
  return { takeOneEach };
}

const bySession = (rounds) => [...Map.groupBy(rounds.flat(), ({ session }) => session).values()];

test('ASessionStaysWithItsAccountAndLeavesTheOneThatFails', async (t) => {
  const [sessions, rounds] = [60, 4];
  const world = await startWorld(t, { concurrency: 64 }); // a slot for each session, wherever it is
  const { takeOneEach } = await holdSessions(world, sessions);
  const started = [];
  for (let i = 0; i < rounds; ++i) started.push(await takeOneEach());
  for (const turns of bySession(started)) {
    assert.equal(new Set(turns.map(({ account }) => account)).size, 1, 'one account for all its turns');
    assert.ok(turns.slice(1).every(({ choices }) => choices[0].layer === 'sticky'));
  }
  await world.sims.failing.script(failingOf(0.6));
  const failed = [];
  for (let i = 0; i < rounds; ++i) failed.push(await takeOneEach());

  const on = (turns, name) => turns.filter(({ account }) => account === name).length;
  const [before, after] = [on(started.at(-1), 'failing'), on(failed.at(-1), 'failing')];
  t.diagnostic(`sessions on the failing account: ${before} before, ${after} after ${rounds} more turns`);
  assert.ok(before >= 4 && after < 0.5 * before);
  for (const turns of bySession([started.at(-1), ...failed])) assertMovesAreExplained(turns);
});

// Who was nowhere near the failing one has not moved; who left it was let go, for a reason that the log names.
function assertMovesAreExplained(turns) {
  for (const [i, turn] of turns.entries()) {
    if (i === 0 || turn.account === turns[i - 1].account) continue;
    assert.equal(turns[i - 1].account, 'failing');
    const reasons = turn.choices.map(({ released }) => released).filter(Boolean);
    assert.ok(reasons.length > 0, JSON.stringify(turn.choices));
    assert.ok(reasons.every((reason) => ['failing', 'has_failed', 'breaker_open'].includes(reason)), reasons.join());
  }
}
