import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { post, stream } from './lib/http.mjs';
import { rawConnect } from './lib/raw.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// What clients over HTTP are told instead of an answer: statuses, and when and whether to come again (http.md sections 6.6, 7 and 8.1).

const kBase = { model: 'sim-1', input: 'hello' };
const kMinute = 60_000;

function assertHasWhatAllHave(headers, what) {
  const get = (name) => (typeof headers.get === 'function' ? headers.get(name) : headers[name]);
  assert.match(get('x-request-id') ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-7/, what);
  assert.ok(Math.abs(Date.now() - Date.parse(get('date'))) < kMinute, `${what}: date ${get('date')}`);
}

describe('An error', { concurrency: 2 }, () => {
  const keys = [
    { name: 'dev', key: kKey, user: 'rich' },
    { name: 'poor', key: 'tg-test-poor-0123456789', user: 'poor' },
    { name: 'rated', key: 'tg-test-rated-0123456789', user: 'rich', rpm: 1 },
    { name: 'elsewhere', key: 'tg-test-elsewhere-0123456789', user: 'rich', allow_ips: ['192.0.2.1'] },
  ];
  const keyOf = (name) => keys.find((key) => key.name === name).key;
  const script = [
    { match: { input_contains: 'lost' }, do: { fault: { kind: 'reset', when: 'content:2' } } },
    { match: { input_contains: 'restart' }, do: { fault: { kind: 'close', code: 1012, when: 'created' } } },
    { match: { input_contains: 'hang' }, do: { fault: { kind: 'hang' } } },
    { match: { input_contains: 'broken' }, do: { error: { status: 500, code: 'server_error', message: 'Oops.' } } },
    { match: { input_contains: 'busy' }, do: { error: { status: 409, code: 'conflict', message: 'Later.' } } },
    { match: { input_contains: 'overloaded' }, do: { error: { status: 503, code: 'server_is_overloaded', message: 'Full.' } } },
    { match: { input_contains: 'slow' }, do: { deltas: 200, interval_us: 20_000 } },
  ];

  // http.md section 7, and the end of 6.6: `again` is retry-after, `never` x-should-retry: false.
  const kRows = [
    { what: 'no JSON', body: '{', status: 400, code: 'invalid_json' },
    { what: 'no model', body: { input: 'x' }, status: 400, code: 'invalid_request' },
    { what: 'a coding that it is not in', headers: { 'content-encoding': 'zstd' }, status: 400, code: 'invalid_encoding' },
    { what: 'an unknown model', body: { ...kBase, model: 'nobodys' }, status: 400, code: 'model_not_found' },
    { what: 'an unknown parent', body: { ...kBase, previous_response_id: 'resp_none' }, status: 400, code: 'previous_response_not_found' },
    { what: 'too much', body: { ...kBase, input: 'x'.repeat(100_000) }, status: 400, code: 'request_too_large' },
    { what: 'no key', headers: { authorization: '' }, status: 401, code: 'missing_api_key', more: { 'www-authenticate': /^Bearer$/ } },
    { what: 'a wrong key', key: 'tg-wrong', status: 401, code: 'invalid_api_key', more: { 'www-authenticate': /^Bearer$/ } },
    { what: 'another address', key: keyOf('elsewhere'), status: 403, code: 'ip_not_allowed' },
    { what: 'an unknown coding', headers: { 'content-encoding': 'br' }, status: 415, code: 'unsupported_encoding', more: { 'accept-encoding': /zstd/ } },
    { what: 'the first of a minute', key: keyOf('rated'), status: 200 },
    { what: 'the second of a minute', key: keyOf('rated'), status: 429, code: 'rate_limit_exceeded', again: true },
    { what: 'no money', key: keyOf('poor'), status: 429, code: 'insufficient_quota', never: true },
    { what: 'a lost upstream', body: { ...kBase, input: 'lost' }, status: 502, code: 'upstream_disconnected', never: true },
    { what: 'an upstream that is not there', body: { ...kBase, model: 'gpt-5-mini' }, status: 502, code: 'upstream_disconnected' },
    { what: 'an upstream that restarts', body: { ...kBase, input: 'restart' }, status: 503, code: 'upstream_restart', again: true, never: true },
    { what: 'an account that is refused', body: { ...kBase, model: 'gpt-5.2' }, status: 503, code: 'no_account_available', again: true },
    { what: 'an upstream that says nothing', body: { ...kBase, input: 'hang' }, status: 504, code: 'upstream_timeout', never: true },
    { what: 'an error of the upstream', body: { ...kBase, input: 'broken' }, status: 500, code: 'server_error', never: true },
    { what: 'an upstream that is busy', body: { ...kBase, input: 'busy' }, status: 409, code: 'conflict' },
    { what: 'an upstream that is overloaded', body: { ...kBase, input: 'overloaded' }, status: 503, code: 'no_account_available', again: true, never: true },
  ];

  async function assertTold(answer, { what, status, code, again = false, never = false, more = {} }) {
    const text = await answer.text();
    assert.equal(answer.status, status, `${what}: ${text}`);
    assertHasWhatAllHave(answer.headers, what);
    if (code !== undefined) assert.equal(JSON.parse(text).error.code, code, what);
    assert.equal(answer.headers.get('x-should-retry'), never ? 'false' : null, what);
    const after = answer.headers.get('retry-after');
    assert.ok(again ? /^[1-9][0-9]*$/.test(after) : after === null, `${what}: retry-after ${after}`);
    for (const [name, value] of Object.entries(more)) assert.match(answer.headers.get(name) ?? '', value, what);
  }

  async function gateway(t) {
    const sim = await startSim(t, { script, deltas: 4, deltaIntervalUs: 5_000 });
    const refusing = await startSim(t, { script: [{ do: { upgrade: { status: 401, body: { error: { code: 'invalid_api_key' } } } } }] });
    return startDaemon(t, {
      config: {
        accounts: [
          accountOf(sim, { models: { 'sim-1': 'sim-1' } }),
          { name: 'gone', base_url: 'http://127.0.0.1:1/v1', api_key: 'k', models: { 'gpt-5-mini': 'gpt-5-mini' } },
          accountOf(refusing, { name: 'refusing', models: { 'gpt-5.2': 'gpt-5.2' } }),
        ],
        users: [{ name: 'rich' }, { name: 'poor', balance_usd: 0 }],
        keys,
        limits: { max_request_body: '64KiB' },
        recovery: { budget: `${slowed(400)}ms` },
        relay: { event_timeout: `${slowed(1_000)}ms` },
        scheduler: { breaker: { failures: 1_000 } },
      },
    });
  }

  test('HasItsStatusAndSaysWhetherAndWhenToComeAgain', async (t) => {
    const daemon = await gateway(t);
    for (const row of kRows) {
      const { body = kBase, headers = {}, key = kKey } = row;
      await assertTold(await post(daemon, body, { headers, key }), row);
    }
    const unknown = await fetch(`${daemon.url}/responses/resp_none`, { headers: { authorization: `Bearer ${kKey}` } });
    await assertTold(unknown, { what: 'an unknown response', status: 404, code: null });
    assert.equal((await post(daemon, kBase)).status, 200);
  });

  test('OnASocketHasNoHeadersThatAreForHttp', async (t) => {
    const daemon = await gateway(t);
    const client = await connect(t, daemon.wsUrl);
    const { terminal } = await client.turn({ ...kBase, input: 'lost' });
    assert.deepEqual([terminal.error.code, terminal.headers], ['upstream_disconnected', undefined]);
  });

  test('OfADrainingGatewaySaysWhenToComeAgain', async (t) => {
    const daemon = await gateway(t);
    const running = stream(daemon, { ...kBase, input: 'slow' });
    await waitFor(async () => (await daemon.status()).accounts[0].running === 1, 'the turn to run');
    const raw = await rawConnect(t, daemon);
    const asks = ['POST /v1/responses HTTP/1.1', 'host: x', `authorization: Bearer ${kKey}`, 'content-length: 17', 'expect: 100-continue'];
    assert.equal((await raw.request(asks)).status, 100); // it is let in, and its turn has not begun
    assert.equal((await daemon.admin('/api/v1/drain', { method: 'POST' })).status, 202);
    await daemon.loggedOnce('draining');
    raw.send('{"model":"sim-1"}');
    const { status, headers, body } = await raw.readHead();
    assert.deepEqual([status, JSON.parse(body).error.code, headers['retry-after']], [503, 'gateway_draining', '1']);
    assertHasWhatAllHave(headers, 'draining');
    assert.equal((await running).terminal.type, 'response.completed');
  });

  test('OfUnknownSpendingSaysWhenToComeAgain', async (t) => {
    const sim = await startSim(t);
    const config = {
      keys: [{ name: 'dev', key: kKey, quota_usd: 1 }],
      usage: { repository: 'postgres', postgres: { url: 'postgresql://127.0.0.1:1/none' } },
    };
    const daemon = await startDaemon(t, { upstream: sim, config });
    await assertTold(await post(daemon, kBase), { what: 'no books', status: 503, code: 'accounting_unavailable', again: true });
  });
});

test('EveryAnswerHasAnIdAndADateAlsoWhereThereIsNoTurn', async (t) => {
  const daemon = await startDaemon(t, { upstream: await startSim(t) });
  const authorization = `Bearer ${kKey}`;
  const rows = [
    ['/nothing', { headers: { authorization } }, 404],
    ['/responses', { headers: { authorization } }, 426],
    ['/responses', { method: 'HEAD' }, 200],
    ['/responses', { method: 'PUT', headers: { authorization }, body: '{}' }, 405],
    ['/responses?api_key=x', { method: 'POST', body: '{}' }, 400],
    ['/responses', { method: 'POST', headers: { authorization }, body: '{' }, 400],
    ['/responses/resp_none', { headers: { authorization } }, 404],
  ];
  const ids = new Set();
  for (const [path, options, status] of rows) {
    const answer = await fetch(daemon.url + path, options);
    await answer.arrayBuffer();
    assert.equal(answer.status, status, path);
    assertHasWhatAllHave(answer.headers, `${options.method ?? 'GET'} ${path}`);
    ids.add(answer.headers.get('x-request-id'));
  }
  assert.equal(ids.size, rows.length);
  const broken = await rawConnect(t, daemon);
  assertHasWhatAllHave((await broken.request(['NONSENSE'])).headers, 'no HTTP');
  const upgraded = await rawConnect(t, daemon);
  const switching = await upgraded.upgrade();
  assert.equal(switching.status, 101);
  assertHasWhatAllHave(switching.headers, 'a 101');
});
