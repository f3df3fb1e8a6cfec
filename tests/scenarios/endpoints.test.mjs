import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { post, textOf } from './lib/http.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// What is asked over HTTP beside turns (http.md sections 1, 8.6, 9.4 and 10).

const kOther = 'tg-other-0123456789abcdef'; // another tenant's
const kBase = { model: 'sim-1', input: 'hello' };
const kUsers = {
  users: [{ name: 'one' }, { name: 'two' }],
  keys: [
    { name: 'dev', key: kKey, user: 'one' },
    { name: 'other', key: kOther, user: 'two' },
  ],
};

async function gateway(t, { script = [], account = {}, config = {}, ...options } = {}) {
  const sim = await startSim(t, { script, deltas: 4, ...options });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...kUsers, ...config } });
  return { sim, daemon };
}

// {status, body, headers}
async function ask(daemon, path, { key = kKey, headers = {}, ...options } = {}) {
  const answer = await fetch(`${daemon.url}${path}`, { headers: { authorization: `Bearer ${key}`, ...headers }, ...options });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text && JSON.parse(text) };
}
const remove = (daemon, id, options) => ask(daemon, `/responses/${id}`, { method: 'DELETE', ...options });

async function turn(daemon, body, options) {
  const answer = await post(daemon, { ...kBase, ...body }, options);
  const response = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(response));
  return response;
}

// A turn whose response can be asked for: it is bound after its end was told.
async function bound(daemon, body, options) {
  const response = await turn(daemon, body, options);
  await waitFor(async () => (await ask(daemon, `/responses/${response.id}/cancel`, { method: 'POST', ...options })).status === 400, 'it to be bound');
  return response;
}

const notFound = (id) => ({ error: { message: `Response with id '${id}' not found.`, type: 'invalid_request_error', param: null, code: null } });
const requests = (sim) => sim.transcript().filter((entry) => entry.request).map(({ connection, request }) => ({ connection, ...request }));

describe('A stored response', { concurrency: 2 }, () => {
  for (const transport of ['ws', 'http'])
    test(`IsRetrievedAndDeletedAtItsAccount, over ${transport}`, async (t) => {
      const { daemon } = await gateway(t, { account: { transport } });
      const first = await bound(daemon, { input: 'remember me' });
      const got = await ask(daemon, `/responses/${first.id}?include[]=a&api-version=7`);
      assert.equal(got.status, 200);
      assert.deepEqual([got.body.id, got.body.object, textOf(got.body)], [first.id, 'response', textOf(first)]);
      assert.match(got.headers.get('x-request-id'), /^[0-9a-f-]{36}$/);
      assert.equal(got.headers.get('content-type'), 'application/json');
      const next = await bound(daemon, { input: 'and me', previous_response_id: first.id });
      const items = await ask(daemon, `/responses/${next.id}/input_items?limit=1&order=asc`);
      assert.deepEqual([items.status, items.body.object, items.body.data.length], [200, 'list', 1]);
      assert.match(JSON.stringify(items.body), /and me/);
      assert.deepEqual([(await ask(daemon, `/responses/${next.id}/input_items?limit=1000`)).status], [400], 'the account has its say');
      const gone = await remove(daemon, next.id);
      assert.deepEqual([gone.status, gone.body], [200, { id: next.id, object: 'response.deleted', deleted: true }]);
      for (const path of ['', '/input_items']) {
        const { status, body } = await ask(daemon, `/responses/${next.id}${path}`);
        assert.deepEqual([status, body], [404, notFound(next.id)]);
      }
      assert.deepEqual([(await remove(daemon, next.id)).status], [404]);
      const lost = await post(daemon, { ...kBase, previous_response_id: next.id });
      assert.deepEqual([lost.status, (await lost.json()).error.code], [400, 'previous_response_not_found'], 'of the chain, too');
      await turn(daemon, { previous_response_id: first.id });
    });

  test('IsNobodyElses', async (t) => {
    const { sim, daemon } = await gateway(t);
    const { id } = await bound(daemon);
    const before = requests(sim).length;
    for (const its of [id, 'resp_never_was']) {
      for (const path of ['', '/input_items', '?stream=true&starting_after=1']) {
        const { status, body } = await ask(daemon, `/responses/${its}${path}`, { key: kOther });
        assert.deepEqual([status, body], [404, notFound(its)], path);
      }
      const cancelled = await ask(daemon, `/responses/${its}/cancel`, { key: kOther, method: 'POST' });
      assert.deepEqual([cancelled.status, cancelled.body], [404, notFound(its)]);
      const removed = await remove(daemon, its, { key: kOther });
      assert.deepEqual([removed.status, removed.body], [404, notFound(its)]);
    }
    assert.equal((await ask(daemon, `/responses/${id}`, { key: 'nobody' })).status, 401);
    assert.equal(requests(sim).length, before, 'not a byte went up');
    assert.equal((await ask(daemon, `/responses/${id}`)).status, 200, 'nor is it gone');
  });

  test('IsNotStreamedNorCancelled', async (t) => {
    const { daemon } = await gateway(t);
    const { id } = await bound(daemon);
    const streamed = await ask(daemon, `/responses/${id}?stream=true&starting_after=1`);
    assert.deepEqual([streamed.status, streamed.body.error.param], [400, 'starting_after']);
    const cancelled = await ask(daemon, `/responses/${id}/cancel`, { method: 'POST' });
    assert.deepEqual([cancelled.status, cancelled.body.error.code], [400, 'invalid_request']);
  });

  test('IsForgottenHereWhereItsAccountKeepsNothing', async (t) => {
    const { sim, daemon } = await gateway(t, { stores: 'off', websocket: 'off', account: { transport: 'http', stores: false } });
    const { id } = await bound(daemon);
    const next = await turn(daemon, { previous_response_id: id });
    assert.deepEqual((await ask(daemon, `/responses/${id}`)).body, notFound(id));
    assert.deepEqual((await remove(daemon, id, { key: kOther })).body, notFound(id));
    assert.equal((await remove(daemon, id)).status, 200);
    assert.equal((await post(daemon, { ...kBase, previous_response_id: id })).status, 400);
    await turn(daemon, { previous_response_id: next.id });
    assert.equal(requests(sim).some(({ method }) => method !== 'POST'), false);
  });

  test('OfASocketIsFoundOverHttp', async (t) => {
    const { daemon } = await gateway(t);
    const client = await connect(t, daemon.wsUrl);
    const { terminal } = await client.turn({ ...kBase, store: true });
    const { id } = terminal.response;
    await waitFor(async () => (await ask(daemon, `/responses/${id}`)).status === 200, 'it to be bound');
    assert.equal((await remove(daemon, id)).status, 200);
    const lost = await client.turn({ ...kBase, previous_response_id: id });
    assert.equal(lost.terminal.error.code, 'previous_response_not_found');
    assert.equal((await client.turn({ ...kBase })).terminal.type, 'response.completed');
  });

  test('IsDeletedAtItsAccountAlsoWhenItRanInTheBackground', async (t) => {
    const { sim, daemon } = await gateway(t);
    const { id } = await turn(daemon, { background: true });
    await waitFor(async () => (await ask(daemon, `/responses/${id}`)).body.status === 'completed', 'its end');
    assert.equal((await remove(daemon, id)).status, 200);
    assert.deepEqual((await ask(daemon, `/responses/${id}`)).body, notFound(id));
    assert.equal(requests(sim).some(({ method, target }) => method === 'DELETE' && target.endsWith(id)), true);
  });
});

const kMatch = { method: 'GET' };
const kNotJson = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' };
const kBroken = [
  ['answers a page', { request: kNotJson }, 502, 'server_error'],
  ['is cut in its body', { request: { eof: true, status: 200, body: { id: 'x' }, body_bytes: 100_000, when: 'body:1000' } }, 502, 'upstream_disconnected'],
  ['is reset', { request: { reset: true } }, 502, 'upstream_disconnected'],
  ['never answers', { request: { hang: true } }, 504, 'upstream_timeout'],
  ['says 500', { request: { status: 500, body: {} } }, 502, 'server_error'],
  ['moves', { request: { status: 307, headers: { location: 'http://127.0.0.1:1/' } } }, 502, 'server_error'],
  ['refuses our key', { request: { status: 401, body: { error: { message: 'Incorrect API key provided: sk-secret' } } } }, 503, 'no_account_available'],
  ['is busy', { request: { status: 429, headers: { 'retry-after': '7' }, body: {} } }, 429, 'rate_limit_exceeded'],
];

describe('An account that is asked for a response', { concurrency: 2 }, () => {
  for (const [what, act, status, code] of kBroken)
    test(`MayFail: it ${what}`, async (t) => {
      const { sim, daemon } = await gateway(t, { config: { http: { account_timeout: `${slowed(500)}ms` } } });
      const { id } = await bound(daemon);
      await sim.script([{ match: kMatch, times: 1, do: act }]);
      const told = await ask(daemon, `/responses/${id}`);
      assert.deepEqual([told.status, told.body.error.code], [status, code], JSON.stringify(told.body));
      assert.doesNotMatch(JSON.stringify(told.body), /secret/);
      if (status === 429) assert.equal(told.headers.get('retry-after'), '7');
      assert.equal((await ask(daemon, `/responses/${id}`)).status, 200, 'and answers again');
      await turn(daemon, { previous_response_id: id });
    });

  test('MayAnswerWithMoreThanIsTaken', async (t) => {
    const { sim, daemon } = await gateway(t);
    const { id } = await bound(daemon);
    await sim.script([{ match: kMatch, times: 1, do: { request: { status: 200, body: { id }, body_bytes: 70_000_000 } } }]);
    const told = await ask(daemon, `/responses/${id}`);
    assert.deepEqual([told.status, told.body.error.code], [502, 'server_error']);
    await sim.script([{ match: kMatch, times: 1, do: { request: { status: 200, body: { id }, body_bytes: 20_000_000 } } }]);
    assert.equal((await ask(daemon, `/responses/${id}`)).body.id, id, 'a large one is fine');
    await turn(daemon, { previous_response_id: id });
  });

  test('HearsThatNobodyWaitsAnyMore', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ match: kMatch, do: { request: { hang: true } } }] });
    const { id } = await bound(daemon);
    const leaving = new AbortController();
    const asked = ask(daemon, `/responses/${id}`, { signal: leaving.signal });
    const seen = await waitFor(() => requests(sim).find(({ method }) => method === 'GET'), 'it to be asked');
    leaving.abort();
    await assert.rejects(asked);
    await waitFor(() => sim.ends().some(({ connection }) => connection === seen.connection), 'the end of its connection');
    await turn(daemon, { previous_response_id: id });
  });

  test('KeepsWhatItCouldNotDelete', async (t) => {
    const { sim, daemon } = await gateway(t);
    const { id } = await bound(daemon);
    await sim.script([{ match: { method: 'DELETE' }, times: 1, do: { request: { status: 500, body: {} } } }]);
    assert.equal((await remove(daemon, id)).status, 502);
    await turn(daemon, { previous_response_id: id });
    assert.equal((await remove(daemon, id)).status, 200);
  });
});
