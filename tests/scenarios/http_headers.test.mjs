import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { post, stream } from './lib/http.mjs';
import { rawConnect } from './lib/raw.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed } from './lib/wait.mjs';

// What stands at the head of an answer over HTTP, and before its body (http.md sections 4, 5 and 8).

const kBase = { model: 'sim-1', input: 'hello' };
const kCodex = { originator: 'codex_exec' };

const limitsOf = (headers) => Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-ratelimit-')));

describe('Rate limits', { concurrency: 2 }, () => {
  test('OfTheKeyAreToldWithEachAnswer', async (t) => {
    const rated = { name: 'rated', key: 'tg-test-rated-0123456789', rpm: 60, tpm: 6_000_000 };
    const daemon = await startDaemon(t, { upstream: await startSim(t), config: { keys: [{ name: 'dev', key: kKey }, rated] } });
    const first = await post(daemon, kBase, { key: rated.key });
    assert.equal(first.status, 200);
    const told = limitsOf(first.headers);
    assert.deepEqual(Object.keys(told).sort(), ['limit', 'remaining', 'reset'].flatMap((of) => [`x-ratelimit-${of}-requests`, `x-ratelimit-${of}-tokens`]).sort());
    assert.deepEqual([told['x-ratelimit-limit-requests'], told['x-ratelimit-limit-tokens']], ['60', '6000000']);
    assert.equal(told['x-ratelimit-remaining-requests'], '59');
    assert.match(told['x-ratelimit-reset-requests'], /^(1s|\d+ms)$/);
    const streamed = await stream(daemon, kBase, { key: rated.key });
    assert.ok(Number(limitsOf(streamed.headers)['x-ratelimit-remaining-requests']) <= 59);
    assert.ok(Number(limitsOf(streamed.headers)['x-ratelimit-remaining-tokens']) < 6_000_000);
    for (const more of [{}, { stream: true }]) {
      const begun = await post(daemon, { ...kBase, ...more, background: true }, { key: rated.key });
      await begun.arrayBuffer();
      assert.equal(begun.status, 200);
      assert.deepEqual(Object.keys(limitsOf(begun.headers)).sort(), Object.keys(told).sort(), 'in the background, too');
    }
    assert.deepEqual(limitsOf((await post(daemon, kBase)).headers), {}, 'a key without');
  });

  test('ThatAreUsedUpAreToldWithTheRefusal', async (t) => {
    const config = { keys: [{ name: 'dev', key: kKey, rpm: 1 }] };
    const daemon = await startDaemon(t, { upstream: await startSim(t), config });
    assert.equal((await post(daemon, kBase)).status, 200);
    const refused = await post(daemon, kBase);
    assert.equal(refused.status, 429);
    assert.deepEqual(Object.keys(limitsOf(refused.headers)).length, 3, 'of requests alone');
    assert.equal(refused.headers.get('x-ratelimit-remaining-requests'), '0');
    const seconds = /^(?:(\d+)m)?(\d+)s$/.exec(refused.headers.get('x-ratelimit-reset-requests'));
    assert.ok(Number(seconds?.[1] ?? 0) * 60 + Number(seconds?.[2]) <= 60, refused.headers.get('x-ratelimit-reset-requests'));
  });

  for (const passes of [false, true])
    test(`OfTheAccountAre${passes ? '' : 'Not'}PassedWhere${passes ? 'The' : 'No'}OperatorWantsIt`, async (t) => {
      const headers = { 'x-ratelimit-remaining-requests': '7', 'X-RateLimit-Limit-Tokens': '99' };
      const sim = await startSim(t, { websocket: 'off', script: [{ do: { http: { headers } } }] });
      const config = {
        accounts: [accountOf(sim, { transport: 'http' })],
        keys: [{ name: 'dev', key: kKey }, { name: 'rated', key: 'tg-test-rated-0123456789', rpm: 60 }],
        http: { pass_rate_limits: passes },
      };
      const daemon = await startDaemon(t, { config });
      const told = passes ? { 'x-ratelimit-limit-tokens': '99', 'x-ratelimit-remaining-requests': '7' } : {};
      assert.deepEqual(limitsOf((await post(daemon, kBase)).headers), told);
      assert.deepEqual(limitsOf((await stream(daemon, kBase)).headers), told);
      const rated = limitsOf((await post(daemon, kBase, { key: 'tg-test-rated-0123456789' })).headers);
      assert.equal(rated['x-ratelimit-remaining-requests'], '59', 'its own');
      assert.equal(rated['x-ratelimit-limit-tokens'], undefined);
    });
});

describe('Codex', { concurrency: 2 }, () => {
  const kQuota = {
    'x-codex-primary-used-percent': '42.5',
    'x-codex-primary-window-minutes': '300',
    'x-codex-primary-reset-at': '4102444800',
    'x-codex-secondary-used-percent': '7',
    'x-codex-secondary-window-minutes': '10080',
    'x-codex-secondary-reset-at': '4102444800',
    'x-codex-credits-has-credits': 'true',
  };
  const kLimits = {
    primary: { used_percent: 42.5, window_minutes: 300, reset_at: 4102444800 },
    secondary: { used_percent: 7, window_minutes: 10080, reset_at: 4102444800 },
  };
  const quotaOf = (headers) => Object.fromEntries([...headers].filter(([name]) => /^x-codex-(primary|secondary|credits)/.test(name)));

  async function overHttp(t, headers) {
    const sim = await startSim(t, { websocket: 'off', script: [{ do: { http: { headers } } }] });
    return { sim, daemon: await startDaemon(t, { config: { accounts: [accountOf(sim, { transport: 'http' })] } }) };
  }

  test('IsToldTheQuotaOfAnAccountOverHttp', async (t) => {
    const { daemon } = await overHttp(t, kQuota);
    const turn = await stream(daemon, kBase, { headers: kCodex });
    assert.equal(turn.terminal.type, 'response.completed');
    assert.deepEqual(quotaOf(turn.headers), kQuota);
    assert.deepEqual(quotaOf((await stream(daemon, kBase)).headers), {}, 'nobody else is');
    const client = await connect(t, daemon.wsUrl, { headers: kCodex });
    const { events } = await client.turn({ ...kBase });
    const { rate_limits, credits } = events.find(({ type }) => type === 'codex.rate_limits');
    assert.deepEqual([rate_limits.primary, rate_limits.secondary], [kLimits.primary, kLimits.secondary]);
    assert.deepEqual([rate_limits.allowed, rate_limits.limit_reached, credits], [true, false, { has_credits: true }]);
    const other = await connect(t, daemon.wsUrl);
    assert.ok((await other.turn({ ...kBase })).events.every(({ type }) => type.startsWith('response.')));
  });

  test('IsToldTheQuotaOfAnAccountOnASocket', async (t) => {
    const sim = await startSim(t, { script: [{ do: { rate_limits: { rate_limits: kLimits, credits: { has_credits: true } } } }] });
    const daemon = await startDaemon(t, { upstream: sim });
    assert.deepEqual(quotaOf((await stream(daemon, kBase, { headers: kCodex })).headers), kQuota);
    assert.deepEqual(quotaOf((await stream(daemon, kBase)).headers), {});
  });

  test('HasItsTurnStateInBothDirectionsOverHttp', async (t) => {
    const { sim, daemon } = await overHttp(t, { 'x-codex-turn-state': 'sticky "1"' });
    const first = await stream(daemon, kBase, { headers: kCodex });
    assert.equal(first.headers.get('x-codex-turn-state'), 'sticky "1"');
    await stream(daemon, kBase, { headers: { ...kCodex, 'x-codex-turn-state': 'sticky "1"' } });
    const client = await connect(t, daemon.wsUrl, { headers: kCodex });
    const { events } = await client.turn({ ...kBase });
    assert.deepEqual(events.find(({ type }) => type === 'response.metadata')?.headers, { 'x-codex-turn-state': 'sticky "1"' });
    await client.turn({ ...kBase, client_metadata: { 'x-codex-turn-state': 'sticky "2"', thread_id: 'x' } });
    const asked = sim.transcript().filter((line) => line.request?.method === 'POST').map((line) => Object.fromEntries(line.request.headers)['x-codex-turn-state']);
    assert.deepEqual(asked, [undefined, 'sticky "1"', undefined, 'sticky "2"']);
    assert.deepEqual(sim.creates()[3].event.client_metadata, { thread_id: 'x' });
  });

  test('HasItsTurnStateInBothDirectionsOnASocket', async (t) => {
    const sim = await startSim(t, { script: [{ do: { metadata_turn_state: 'sticky "1"' } }] });
    const daemon = await startDaemon(t, { upstream: sim });
    const first = await stream(daemon, kBase, { headers: kCodex });
    assert.equal(first.headers.get('x-codex-turn-state'), 'sticky "1"');
    const state = { 'x-codex-turn-state': 'sticky "1"' };
    await stream(daemon, kBase, { headers: { ...kCodex, ...state } });
    await stream(daemon, { ...kBase, client_metadata: { thread_id: 'x' } }, { headers: { ...kCodex, ...state } });
    assert.deepEqual(sim.creates().map(({ event }) => event.client_metadata), [undefined, state, { ...state, thread_id: 'x' }]);
  });

  test('IsNeverToldWhichModelReallyAnswers', async (t) => {
    const { daemon } = await overHttp(t, { 'openai-model': 'gpt-safe', 'x-codex-turn-state': 'sticky' });
    const turn = await stream(daemon, kBase, { headers: kCodex });
    assert.equal(turn.headers.get('openai-model'), null);
    assert.equal(turn.headers.get('x-codex-turn-state'), 'sticky');
    const metadata = (headers) => ({ when: 'created', event: { type: 'response.metadata', headers } });
    const events = [metadata({ 'OpenAI-Model': 'gpt-safe' }), metadata({ 'openai-model': 'gpt-safe', 'x-other': 'stays' })];
    const sim = await startSim(t, { script: [{ do: { events } }] });
    const socket = await startDaemon(t, { upstream: sim });
    const client = await connect(t, socket.wsUrl, { headers: kCodex });
    const told = await client.turn({ ...kBase });
    assert.doesNotMatch(JSON.stringify(told.events), /gpt-safe/);
    assert.deepEqual(told.events.filter(({ type }) => type === 'response.metadata').map(({ headers }) => headers), [{ 'x-other': 'stays' }]);
    assert.equal(told.terminal.type, 'response.completed');
  });
});

describe('Who waits for a document', { concurrency: 2 }, () => {
  const http = { head_after: '300ms', keepalive: '300ms' };
  const script = [
    { match: { input_contains: 'bad' }, do: { delay_ms: slowed(1_500), error: { status: 400, code: 'bad', message: 'No.' } } },
    { match: { input_contains: 'long' }, do: { delay_ms: slowed(1_500) } },
  ];

  test('GetsSpacesMeanwhileWhereThatIsWanted', async (t) => {
    const sim = await startSim(t, { script });
    const daemon = await startDaemon(t, { upstream: sim, config: { http: { ...http, document_keepalive: true } } });
    const long = await post(daemon, { ...kBase, input: 'long' });
    assert.deepEqual([long.status, long.headers.get('content-type'), long.headers.get('content-length')], [200, 'application/json', null]);
    const text = await long.text();
    assert.match(text, /^ {2,}\{/);
    assert.equal(JSON.parse(text).status, 'completed');
    const bad = await post(daemon, { ...kBase, input: 'bad' });
    assert.equal(bad.status, 200, 'the status is spent');
    assert.equal((await bad.json()).error.code, 'bad');
    const quick = await post(daemon, kBase);
    assert.match(quick.headers.get('content-length'), /^\d+$/);
    await quick.arrayBuffer();
    const raw = await rawConnect(t, daemon);
    const body = JSON.stringify({ ...kBase, input: 'long' });
    raw.send(`POST /v1/responses HTTP/1.0\r\nauthorization: Bearer ${kKey}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await raw.end();
    const [head, ...rest] = raw.received.toString().split('\r\n\r\n');
    assert.doesNotMatch(head, /chunked/);
    assert.equal(JSON.parse(rest.join('\r\n\r\n')).status, 'completed');
  });

  test('GetsNothingBeforeItElsewhere', async (t) => {
    const sim = await startSim(t, { script });
    const daemon = await startDaemon(t, { upstream: sim, config: { http } });
    const long = await post(daemon, { ...kBase, input: 'long' });
    assert.match(long.headers.get('content-length'), /^\d+$/);
    assert.match(await long.text(), /^\{/);
    assert.equal((await post(daemon, { ...kBase, input: 'bad' })).status, 400);
  });
});
