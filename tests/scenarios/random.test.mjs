import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accountOf, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { kPatience, slowed, waitFor } from './lib/wait.mjs';
import { comparable, contextOf, sealOf, tagIn } from './random/conversation.mjs';
import { Wanderer } from './random/wanderer.mjs';
import { Weather } from './random/weather.mjs';

// Conversations at random over three accounts, of which at any time some fail, are used up, or are down. Whatever happened:
// every turn was told once, every response was billed once, and no upstream was ever asked with a context that is shorter or
// longer than the conversation. The seed tells what everybody does: TURNGATE_RANDOM_SEED repeats a run as far as time allows.
//
//     TURNGATE_RANDOM_CLIENTS=40 TURNGATE_RANDOM_TURNS=60 TURNGATE_RANDOM_SECONDS=1000 node --test random.test.mjs

const kSeed = Number(process.env.TURNGATE_RANDOM_SEED ?? 10);
const kClients = Number(process.env.TURNGATE_RANDOM_CLIENTS ?? 8);
const kTurns = Number(process.env.TURNGATE_RANDOM_TURNS ?? 25); // of each lane; three lanes a client
const kSeconds = Number(process.env.TURNGATE_RANDOM_SECONDS ?? 30); // then nobody begins another turn

const kMsToCheck = slowed(10) * kClients * kTurns; // what is settled and read at the end grows with the turns

const kNames = ['A', 'B', 'C'];
const kConfig = {
  limits: { sockets_per_key: 10_000, sockets_per_ip: 10_000 },
  continuity: { chain_max_per_session: '256MiB', chain_max_total: '4GiB' }, // none is to be outgrown, however long it runs
  relay: { event_timeout: '2s' },
  scheduler: { top_k: 3, breaker: { failures: 50, open: '1s', max_open: '1s' } },
  log: { level: 'info' },
};

async function gateway(t) {
  const start = (seal, i) =>
    startSim(t, { seal, seed: kSeed * 10 + i, deltas: 6, deltaIntervalUs: 300, lanes: seal === 'C' ? 'off' : 'on' });
  const sims = await Promise.all(kNames.map(start));
  const account = (sim, i) => accountOf(sim, { name: kNames[i], lanes: kNames[i] !== 'C', concurrency: i === 0 ? 6 : 64 });
  return { sims, daemon: await startDaemon(t, { config: { ...kConfig, accounts: sims.map(account) } }) };
}

// Every create that went up, beside the turn that it is of.
function assertContexts(sims, wanderers) {
  const turns = new Map(wanderers.flatMap((wanderer) => wanderer.turns).map((turn) => [turn.tag, turn]));
  const nodes = new Map(wanderers.flatMap((wanderer) => wanderer.nodes).map((node) => [node.id, node]));
  const creates = new Map(); // by tag
  const wrong = [];
  for (const sim of sims)
    for (const { event } of sim.creates()) {
      const tag = tagIn(event.input);
      creates.set(tag, (creates.get(tag) ?? 0) + 1);
      wrong.push(...complaintsOf(event, turns.get(tag), nodes).map((what) => `${tag}: ${what}`));
    }
  for (const { tag, end, create } of turns.values())
    if (end === 'previous_response_not_found' && (creates.get(tag) ?? 0) < 2)
      wrong.push(`${tag}: the context was lost without need, ${JSON.stringify(create).slice(0, 300)}`);
  report(wrong, 'contexts');
}

function complaintsOf(create, turn, nodes) {
  if (!turn) return [`nobody asked for ${JSON.stringify(create).slice(0, 300)}`];
  const parent = create.previous_response_id;
  if (parent && !nodes.has(parent)) return [`an unknown parent ${parent}`];
  const told = comparable([...(parent ? contextOf(nodes.get(parent)) : []), ...create.input]);
  const right = comparable([...contextOf(turn.base), ...turn.input]);
  if (JSON.stringify(told) === JSON.stringify(right)) return [];
  const at = told.findIndex((item, i) => JSON.stringify(item) !== JSON.stringify(right[i]));
  const around = (items) => items.slice(Math.max(0, at - 1), at + 2).map((item) => JSON.stringify(item).slice(0, 200)).join('\n      ');
  return [`${told.length} items for ${right.length}; told before and after item ${at}\n      ${around(told)}\n    instead of\n      ${around(right)}`];
}

// Reasoning goes only where it can be read: what another account sealed is refused there.
function assertSeals(sims) {
  const isForeign = (item, i) => sealOf(item) && sealOf(item) !== kNames[i];
  const foreign = sims.flatMap((sim, i) => sim.creates().filter(({ event }) => event.input.some((item) => isForeign(item, i))));
  report(foreign.map(({ event }) => `${tagIn(event.input)}: reasoning that another account sealed`), 'seals');
}

async function assertBills(daemon, wanderers) {
  const seen = wanderers.flatMap((wanderer) => wanderer.turns).filter((turn) => turn.response);
  const rows = await daemon.allUsage(seen.length, kPatience + kMsToCheck);
  const byId = Map.groupBy(rows.filter((row) => row.upstream_response_id), (row) => row.upstream_response_id);
  const twice = [...byId].filter(([, all]) => all.length > 1).map(([id]) => `${id} was billed twice`);
  const wrong = seen.flatMap(({ tag, response }) => {
    const [row] = byId.get(response.id) ?? [];
    if (!row) return [`${tag}: ${response.id} was not billed`];
    if (!response.usage) return []; // its end was the gateway's own
    const { input_tokens, output_tokens } = response.usage;
    const isRight = row.input_tokens === input_tokens && row.output_tokens === output_tokens;
    return isRight ? [] : [`${tag}: billed ${row.input_tokens} + ${row.output_tokens}, not ${input_tokens} + ${output_tokens}`];
  });
  assert.equal(new Set(rows.map((row) => row.response_uid)).size, rows.length);
  report([...twice, ...wrong], 'bills');
  return rows;
}

// One of each kind, and how many there are of it.
function report(complaints, of) {
  const kindOf = (complaint) => complaint.replace(/«[^»]*»|\d+|_[0-9a-f]{8,}/g, '').slice(0, 120);
  const kinds = Object.values(Object.groupBy(complaints, kindOf)).map((all) => `  ${all.length} times, as ${all[0]}`);
  assert.ok(kinds.length === 0, `seed ${kSeed}, ${complaints.length} wrong ${of}:\n${kinds.slice(0, 12).join('\n')}`);
}

function tell(t, { seconds, sims, wanderers, weather }) {
  const turns = wanderers.flatMap((wanderer) => wanderer.turns);
  const creates = sims.reduce((sum, sim) => sum + sim.creates().length, 0);
  const ends = Object.entries(Object.groupBy(turns, ({ end }) => end)).map(([end, { length }]) => `${length} ${end}`);
  t.diagnostic(`${seconds} s, ${turns.length} turns, ${creates} creates; ${ends.join(', ')}`);
  t.diagnostic(`weather: ${JSON.stringify(weather.seen)}`);
}

const isIdle = ({ running, waiting, leased, connections, parked }) => running + waiting + leased === 0 && connections === parked;

test('ConversationsAtRandomKeepTheirContextWhateverBreaks', { timeout: kSeconds * 1_000 + slowed(120_000) + 2 * kMsToCheck }, async (t) => {
  t.diagnostic(`seed ${kSeed}`);
  const { sims, daemon } = await gateway(t);
  const wanderers = Array.from({ length: kClients }, (_, i) => new Wanderer(t, daemon.wsUrl, `w${i}`, kSeed * 1_000 + i));
  const weather = new Weather(daemon, sims, kSeed);
  const begun = Date.now();
  const isOver = () => Date.now() - begun > kSeconds * 1_000;
  const blowing = weather.blow();
  await Promise.all(wanderers.map((wanderer) => wanderer.wander(kTurns, isOver)));
  weather.calm();
  await blowing;
  await Promise.all(wanderers.map((wanderer) => wanderer.finish()));
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);

  tell(t, { seconds, sims, wanderers, weather });

  await t.test('every turn is told once, in order, as a client can bear it', () =>
    report(wanderers.flatMap(({ complaints }) => complaints), 'turns'));
  await t.test('every create had its whole context', () => assertContexts(sims, wanderers));
  await t.test('reasoning goes only where it was sealed', () => assertSeals(sims));
  await t.test('every response is billed once', () => assertBills(daemon, wanderers));
  await t.test('nothing is left', async () => {
    await waitFor(async () => (await daemon.status()).accounts.every(isIdle), 'all accounts to be idle');
    await daemon.metricOnce('turngate_turns_running', (count) => count === 0);
  });
});
