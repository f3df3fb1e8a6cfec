import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { pause, waitFor } from './lib/wait.mjs';

// behaviour.md sections 3 and 7: whatever a client sends and an upstream answers, nobody spends much more than they have, and
// nothing is free that is not understood.

const kUser = { name: 'dev', key: kKey, user: 'u' };
const withBalance = (usd, key = {}) => ({ users: [{ name: 'u', balance_usd: usd }], keys: [{ ...kUser, ...key }] });
const usd = (amount) => Math.round(amount * 1e9);
const sumOf = (rows) => rows.reduce((sum, row) => sum + row.cost_nano_usd, 0);

async function gateway(t, { config = {}, script = [], ...more } = {}) {
  const sim = await startSim(t, { script, deltas: 4 });
  const daemon = await startDaemon(t, { upstream: sim, config, ...more });
  return { sim, daemon };
}

const balanceOf = async (daemon) => (await daemon.admin('/api/v1/balances')).body.users[0];
const nothingHeld = (daemon) => waitFor(async () => (await balanceOf(daemon)).held_nano_usd === 0, 'the holds to be gone');

const retryAfter = (event) => Number(event.headers?.['retry-after']);

// An answer that ends as the upstream says, word for word.
const ending = (response) => ({
  terminal: 'none',
  events: [{ when: 'terminal', event: { type: 'response.completed', response: { id: '$response', status: 'completed', output: [], ...response } } }],
});

test('Of64ParallelTurnsWithAFileByItsUrlASmallBalancePaysOne', async (t) => {
  const usage = { input_tokens: 399_000, output_tokens: 1000, total_tokens: 400_000 };
  const script = [{ do: { usage, delay_ms: 500 } }];
  const { sim, daemon } = await gateway(t, { config: withBalance(0.05), script });
  const content = [{ type: 'input_file', file_url: 'https://example.test/book.pdf' }];
  const turn = { model: 'sim-1', store: false, max_output_tokens: 1000, input: [{ role: 'user', content }] };
  const clients = await Promise.all(Array.from({ length: 64 }, () => connect(t, daemon.wsUrl)));
  const turns = await Promise.all(clients.map((client) => client.turn(turn)));
  const refused = turns.filter(({ error }) => error);
  assert.equal(refused.length, 63);
  for (const { terminal } of refused) {
    const isHeld = terminal.error.code === 'rate_limit_exceeded';
    assert.ok(isHeld || terminal.error.code === 'insufficient_quota', JSON.stringify(terminal));
    assert.equal(retryAfter(terminal) > 0, isHeld, JSON.stringify(terminal));
  }
  assert.equal(sim.creates().length, 1);
  assert.equal(sumOf(await daemon.usage(1)), usd(0.399 + 0.01), 'overdrawn by one turn');
  await nothingHeld(daemon);
  const { error, terminal } = await clients[0].turn({ model: 'sim-1', input: 'x' });
  assert.equal(error?.code, 'insufficient_quota');
  assert.equal(terminal.headers, undefined, 'coming again is of no use');
});

test('SteeringAsksForNothingMoreOnceATurnHasUsedItsHold', async (t) => {
  const sim = await startSim(t, { deltas: 60, deltaIntervalUs: 50_000 });
  const accounts = [accountOf(sim, { models: { talker: 'gpt-6-sim' } })];
  const config = { accounts, pricing: { unknown_model: 'sim-1' }, ...withBalance(0.000005) };
  const daemon = await startDaemon(t, { config });
  const client = await connect(t, daemon.wsUrl);
  const steer = (id, input) => client.send({ type: 'response.steer', previous_response_id: id, input });
  client.create({ model: 'talker', input: 'Talk.', store: false });
  const first = await client.next('response.created');
  await client.next('response.output_text.delta');
  steer(first.response.id, 'Talk more.');
  await client.next('response.incomplete');
  const second = await client.next('response.created');
  steer(second.response.id, 'And more.');
  const failed = await client.next('response.steer.failed');
  assert.equal(failed.error.code, 'insufficient_quota');
  assert.equal((await client.next('response.completed')).response.id, second.response.id, 'what was asked for goes on');
  assert.equal((await daemon.usage(2)).length, 2);
});

const kCodex = { model: 'gpt-5.2', input: 'do it', instructions: 'x'.repeat(20_000), tools: [{ type: 'function', name: 'shell' }, { type: 'web_search' }] };

test('ABalanceOfOneDollarFiftyRunsCodexToItsEnd', async (t) => {
  const usage = { input_tokens: 100_000, output_tokens: 5000, total_tokens: 105_000 }; // $0.245
  const { daemon } = await gateway(t, { config: withBalance(1.5), script: [{ do: { usage } }] });
  const client = await connect(t, daemon.wsUrl);
  let turns = 0;
  let turn;
  while (!(turn = await client.turn(kCodex)).error) ++turns;
  assert.equal(turn.error.code, 'insufficient_quota');
  assert.equal(turns, 7); // six fit, and the seventh overdraws
  assert.equal(sumOf(await daemon.usage(turns)), usd(7 * 0.245));
});

test('WhoIsRefusedWhileOthersHoldComesToItsTurn', async (t) => {
  const { daemon } = await gateway(t, { config: withBalance(1.5), script: [{ do: { delay_ms: 200 } }] });
  const [busy, other] = await Promise.all([connect(t, daemon.wsUrl), connect(t, daemon.wsUrl)]);
  let isOver = false;
  let turns = 0;
  const patient = async (client, fields) => {
    for (;;) {
      const turn = await client.turn(fields);
      if (!turn.error) return turn;
      assert.equal(turn.error.code, 'rate_limit_exceeded', JSON.stringify(turn.terminal));
      await pause(1000 * retryAfter(turn.terminal));
    }
  };
  const others = async () => {
    for (; !isOver; ++turns) await patient(busy, { ...kCodex, max_output_tokens: 100, tools: [] });
  };
  const small = others(); // one after the other, without a pause
  await waitFor(() => turns > 2, 'the other to be busy');
  await patient(other, kCodex); // needs the balance for itself
  const before = turns;
  await waitFor(() => turns > before, 'the other to go on');
  isOver = true;
  await small;
});

test('UsageThatMakesNoSenseIsEstimatedAndAlarms', async (t) => {
  const odd = [
    {},
    'none',
    [1],
    { input_tokens: '5', output_tokens: '1' },
    { prompt_tokens: 5 },
    { input_tokens: -5, output_tokens: 1 },
    { input_tokens: 5.5, output_tokens: 1 },
    { input_tokens: 9e15, output_tokens: 1 },
    { input_tokens: 5, output_tokens: 9e15 },
    { input_tokens: 500_000, output_tokens: 1 }, // of 400,000
  ];
  const script = odd.map((usage, i) => ({ match: { input_contains: `odd ${i}.` }, do: ending({ model: 'sim-1', usage }) }));
  const { daemon } = await gateway(t, { config: withBalance(100), script });
  const client = await connect(t, daemon.wsUrl);
  for (let i = 0; i < odd.length; ++i) {
    const { terminal } = await client.turn({ model: 'sim-1', input: `odd ${i}. ` + 'x'.repeat(4000), store: false });
    assert.deepEqual(terminal.response.usage, odd[i], 'the upstream is relayed as it is');
  }
  const rows = await daemon.usage(odd.length);
  for (const [i, row] of rows.entries()) {
    assert.equal(row.estimated, true, JSON.stringify(odd[i]));
    assert.ok(row.cost_nano_usd > usd(0.001) && row.cost_nano_usd < usd(0.01), `${JSON.stringify(odd[i])}: ${row.cost_nano_usd}`);
  }
  assert.equal(await daemon.metric('turngate_odd_usage_total'), odd.length);
  assert.equal(daemon.logged('usage makes no sense: estimated').length, 1);
  await nothingHeld(daemon);
  assert.equal((await balanceOf(daemon)).balance_nano_usd, usd(100) - sumOf(rows));
});

test('AMissingTotalIsInputAndOutputForRatesToo', async (t) => {
  const script = [{ do: { usage: { input_tokens: 50_000, output_tokens: 50 } } }];
  const { daemon } = await gateway(t, { config: withBalance(100, { tpm: 6_000 }), script });
  const client = await connect(t, daemon.wsUrl);
  assert.equal((await client.turn({ model: 'sim-1', input: 'much' })).terminal.type, 'response.completed');
  assert.equal((await client.turn({ model: 'sim-1', input: 'more' })).error?.code, 'rate_limit_exceeded');
  assert.equal((await daemon.usage(1))[0].total_tokens, 50_050);
});

test('AModelThatOnlyTheAnswerNamesIsPaidFor', async (t) => {
  const usage = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };
  const answerOf = (id, model) => ({ match: { input_contains: id }, do: ending({ model, usage }) });
  const script = [answerOf('dated', 'gpt-5.2-2025-12-11'), answerOf('unheard', 'no-such-model')];
  const { daemon } = await gateway(t, { config: withBalance(100), script });
  const client = await connect(t, daemon.wsUrl);
  for (const input of ['dated', 'unheard']) await client.turn({ prompt: { id: 'pmpt_1' }, input, store: false });
  const [dated, unheard] = await daemon.usage(2);
  assert.equal(dated.cost_nano_usd, 1000 * 1750 + 100 * 14_000);
  assert.equal(dated.estimated, false);
  assert.equal(unheard.cost_nano_usd, 1000 * 30_000 + 100 * 180_000, 'the dearest of the table');
  assert.equal(unheard.estimated, true);
  assert.equal(unheard.reason, 'unpriced_model');
  const asked = await client.turn({ model: 'gpt-5.2-2025-12-11', input: 'x', store: false, max_output_tokens: 100 });
  assert.equal(asked.terminal.type, 'response.completed', 'the same name in a request');
});

test('ATierIsPaidAsItWasAskedForWhereTheAnswerNamesNone', async (t) => {
  const usage = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };
  const script = [
    { match: { input_contains: 'silent' }, do: ending({ model: 'sim-1', usage }) },
    { match: { input_contains: 'slower' }, do: ending({ model: 'sim-1', usage, service_tier: 'default' }) },
  ];
  const { daemon } = await gateway(t, { script });
  const client = await connect(t, daemon.wsUrl);
  for (const [input, service_tier] of [['silent', 'priority'], ['silent', 'flex'], ['silent', 'auto'], ['slower', 'priority']])
    await client.turn({ model: 'sim-1', input, service_tier, store: false });
  const standard = 1000 * 1000 + 100 * 10_000;
  assert.deepEqual((await daemon.usage(4)).map((row) => row.cost_nano_usd), [2 * standard, standard / 2, standard, standard]);
});

// Writes beyond the limit fail as on a full disk.
const fullDisk = (daemon) => execFileSync('prlimit', ['--pid', String(daemon.pid), '--fsize=0:unlimited']);
const roomAgain = (daemon) => execFileSync('prlimit', ['--pid', String(daemon.pid), '--fsize=unlimited:unlimited']);
const kSurvivesIt = ['sh', '-c', 'trap "" XFSZ; exec "$@"', 'sh'];

test('OnAFullDiskBudgetsAreChargedAndTheLogHasTheWholeBill', async (t) => {
  const usage = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 }; // $0.002
  const config = { ...withBalance(0.005), usage: { journal: { on_failure: 'continue' } } };
  const { daemon } = await gateway(t, { config, script: [{ do: { usage } }], through: kSurvivesIt });
  const client = await connect(t, daemon.wsUrl);
  const turn = { model: 'sim-1', input: 'x', store: false, max_output_tokens: 100 };
  fullDisk(daemon);
  const served = [];
  let last;
  while (!(last = await client.turn(turn)).error) served.push(last.id);
  assert.equal(last.error.code, 'insufficient_quota');
  assert.equal(served.length, 3, 'two, and one that overdraws');
  const records = daemon.logged('bill not written').map((line) => JSON.parse(line.record));
  assert.deepEqual(records.map((record) => record.upstream_response_id), served);
  for (const record of records) {
    assert.deepEqual([record.user, record.key, record.cost_nano_usd], ['u', 'dev', usd(0.002)]);
    assert.match(record.response_uid, /^[0-9a-f-]{36}$/);
    assert.equal(record.input_tokens, 1000);
  }
  roomAgain(daemon);
});
