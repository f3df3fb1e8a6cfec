import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { makeCertificate } from './lib/certificate.mjs';
import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { post, textOf } from './lib/http.mjs';
import { temporaryDirectory } from './lib/place.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// What is asked over HTTP beside turns (http.md sections 1, 8.6, 9.4 and 10).

const kOther = 'tg-other-0123456789abcdef'; // another tenant's
const kBase = { model: 'sim-1', input: 'hello' };
// Of Codex's catalogue: what no entry may lack.
const kEntry = [
  'slug', 'display_name', 'supported_reasoning_levels', 'shell_type', 'visibility', 'supported_in_api', 'priority', 'base_instructions',
  'support_verbosity', 'truncation_policy', 'experimental_supported_tools',
];
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

test('AllIsAskedOverTlsTooWhateverQueryTheBaseHas', async (t) => {
  const { cert, key } = await makeCertificate(t);
  const sim = await startSim(t, { tlsCert: cert, tlsKey: key, models: 'sim-1' });
  const accounts = [accountOf(sim, { base_url: `${sim.url}?api-version=v1` })];
  const daemon = await startDaemon(t, { config: { accounts }, env: { SSL_CERT_FILE: cert } });
  assert.deepEqual(idsOf(await models(daemon)), ['sim-1']);
  const { id } = await bound(daemon);
  assert.equal((await ask(daemon, `/responses/${id}/input_items?limit=1`)).body.data.length, 1);
  assert.equal((await compact(daemon)).status, 200);
  const targets = requests(sim).map(({ target }) => target).filter((target) => !target.endsWith('/responses?api-version=v1'));
  assert.deepEqual(targets, ['/v1/models?api-version=v1', `/v1/responses/${id}/input_items?api-version=v1&limit=1`, '/v1/responses/compact?api-version=v1']);
});

test('DrainingDoesNotWaitForAnAccountForEver', async (t) => {
  const { sim, daemon } = await gateway(t, { config: { server: { drain_timeout: '300ms' } } });
  const { id } = await bound(daemon);
  await sim.script([{ match: kMatch, do: { request: { hang: true } } }]);
  const asked = [`/responses/${id}`, '/models'].map((path) => ask(daemon, path));
  await waitFor(() => requests(sim).filter(({ method }) => method === 'GET').length === 2, 'both to be asked');
  const stopped = daemon.stop();
  for (const { status, body } of await Promise.all(asked)) assert.deepEqual([status, body.error.type], [503, 'server_error']);
  assert.equal(await stopped, 3, 'by the deadline');
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

const models = (daemon, options) => ask(daemon, '/models', options);
const idsOf = ({ body }) => body.data.map(({ id }) => id);
const listings = (sim) => requests(sim).filter(({ target }) => target.endsWith('/models'));

describe('The list of models', { concurrency: 2 }, () => {
  test('IsWhatTheAccountsOfTheKeysGroupServe', async (t) => {
    const sim = await startSim(t);
    const accounts = [
      accountOf(sim, { name: 'a', groups: ['default'], models: { fast: 'sim-1', 'lab/slow': 'sim-2' } }),
      accountOf(sim, { name: 'b', groups: ['default'], models: { fast: 'sim-3' } }),
      accountOf(sim, { name: 'c', groups: ['default'], models: { hidden: 'sim-4' }, mode: 'off' }),
      accountOf(sim, { name: 'd', groups: ['lab'], models: { secret: 'sim-5' } }),
    ];
    const keys = [{ name: 'dev', key: kKey }, { name: 'lab', key: kOther, group: 'lab' }];
    const daemon = await startDaemon(t, { config: { accounts, keys, groups: [{ name: 'default' }, { name: 'lab' }] } });
    const all = await models(daemon);
    assert.deepEqual([all.status, Object.keys(all.body), all.body.object, all.body.models], [200, ['object', 'data', 'models'], 'list', []]);
    assert.deepEqual(idsOf(all), ['fast', 'lab/slow']);
    const [{ created, ...fast }] = all.body.data;
    assert.deepEqual(fast, { id: 'fast', object: 'model', owned_by: 'turngate' });
    assert.ok(Math.abs(created - Date.now() / 1000) < 600);
    assert.deepEqual(idsOf(await models(daemon, { key: kOther })), ['secret']);
    assert.equal((await models(daemon, { key: 'nobody' })).status, 401);
    for (const path of ['/models/lab%2Fslow', '/models/lab/slow']) assert.equal((await ask(daemon, path)).body.id, 'lab/slow');
    for (const other of ['secret', 'never-was', 'hidden']) {
      const { status, body } = await ask(daemon, `/models/${other}`);
      assert.deepEqual([status, body.error.code, body.error.message], [404, 'model_not_found', `The model '${other}' does not exist.`]);
    }
    for (const base of ['', '/openai/v1', '/codex', '/backend-api/codex']) {
      const answer = await fetch(`http://${daemon.address}${base}/models?client_version=0.169.0`, { headers: { authorization: `Bearer ${kKey}` } });
      assert.equal((await answer.json()).data.length, 2, base);
    }
    assert.equal(listings(sim).length, 0, 'the configuration says it');
  });

  test('IsTheAccountsOwnWhereTheConfigurationHasNone', async (t) => {
    const sim = await startSim(t, { models: 'one,two' });
    const daemon = await startDaemon(t, { config: { server: { threads: 1 }, accounts: [accountOf(sim)] } });
    const answers = await Promise.all([1, 2, 3].map(() => models(daemon)));
    for (const answer of answers) assert.deepEqual(idsOf(answer), ['one', 'two']);
    assert.equal((await ask(daemon, '/models/two')).body.id, 'two');
    assert.deepEqual(listings(sim).map(({ method }) => method), ['GET'], 'asked once for all');
  });

  for (const [what, request] of [
    ['fails', { status: 500, body: {} }],
    ['hangs', { hang: true }],
    ['is no list', { status: 200, headers: { 'content-type': 'application/json' }, body: { data: 'none' } }],
    ['is huge', { status: 200, body: { data: [{ id: 'x' }] }, body_bytes: 9_000_000 }],
  ])
    test(`DoesNotHangOnOneAccount: it ${what}`, async (t) => {
      const script = [{ match: { method: 'GET' }, do: { request } }];
      const sim = await startSim(t, { script });
      const other = await startSim(t, { models: 'three' });
      const config = { server: { threads: 1 }, http: { account_timeout: `${slowed(300)}ms` } };
      const alone = await startDaemon(t, { config: { ...config, accounts: [accountOf(sim)] } });
      const told = await models(alone);
      assert.deepEqual([told.status, told.body.error.code], [503, 'no_account_available']);
      await turn(alone, {});
      const daemon = await startDaemon(t, { config: { ...config, accounts: [accountOf(sim), accountOf(other, { name: 'other' })] } });
      for (let i = 0; i < 2; ++i) assert.deepEqual(idsOf(await models(daemon)), ['three']);
      assert.equal(listings(other).length, 1);
      await turn(daemon, { model: 'three' });
    });

  test('HasCodexsEntriesFromAFile', async (t) => {
    const sim = await startSim(t, { models: 'one' });
    const home = await temporaryDirectory(t);
    const entry = Object.fromEntries(kEntry.map((name) => [name, `its ${name}`]));
    await writeFile(join(home, 'models.json'), JSON.stringify({ models: [entry] }));
    const daemon = await startDaemon(t, { upstream: sim, directory: home, config: { models: { catalogue: 'models.json' } } });
    assert.deepEqual((await models(daemon)).body.models, [entry]);
    await writeFile(join(home, 'models.json'), JSON.stringify([entry, { ...entry, slug: undefined }]));
    const refused = await daemon.admin('/api/v1/reload', { method: 'POST' });
    assert.match(JSON.stringify(refused.body), /models\.catalogue.*entry 2 has no slug/);
    assert.deepEqual((await models(daemon)).body.models, [entry]);
    await writeFile(join(home, 'models.json'), JSON.stringify([entry, entry]));
    assert.equal((await daemon.admin('/api/v1/reload', { method: 'POST' })).status, 200);
    assert.equal((await models(daemon)).body.models.length, 2);
  });
});

const compact = (daemon, body, options) => post(daemon, { ...kBase, ...body }, { path: '/responses/compact', ...options });
const count = (daemon, body, options) => post(daemon, { ...kBase, ...body }, { path: '/responses/input_tokens', ...options });
const kInput = [{ role: 'user', content: 'one' }, { role: 'assistant', content: 'two' }];

describe('Compaction', { concurrency: 2 }, () => {
  for (const transport of ['ws', 'http'])
    test(`IsATurnOfItsAccountAndHasItsBill, account over ${transport}`, async (t) => {
      const { sim, daemon } = await gateway(t, { account: { transport, models: { public: 'sim-1' } } });
      const answer = await compact(daemon, { model: 'public', input: kInput, stream: true });
      const made = await answer.json();
      assert.equal(answer.status, 200, JSON.stringify(made));
      assert.deepEqual([made.object, made.output.map(({ type }) => type ?? 'message')], ['response.compaction', ['message', 'compaction']]);
      const [asked] = requests(sim);
      assert.deepEqual([asked.method, asked.target], ['POST', '/v1/responses/compact']);
      assert.deepEqual(sim.messages()[0].event, { model: 'sim-1', input: kInput });
      const [row] = await daemon.usage(1);
      assert.deepEqual(
        [row.request_type, row.status, row.estimated, row.upstream_response_id, row.input_tokens, row.output_tokens, row.upstream_model],
        ['sync', 'completed', false, made.id, made.usage.input_tokens, made.usage.output_tokens, 'sim-1'],
      );
      const gone = await ask(daemon, `/responses/${made.id}`);
      assert.deepEqual(gone.body, notFound(made.id), 'it is no response');
      assert.equal((await post(daemon, { model: 'public', input: 'x', previous_response_id: made.id })).status, 400);
      await turn(daemon, { model: 'public', input: [...made.output, { role: 'user', content: 'go on' }] });
    });

  test('GoesToWhoCanAndWhatItMadeGoesThereFromAnyLoop', async (t) => {
    const plain = await startSim(t);
    const able = await startSim(t);
    const accounts = [
      accountOf(plain, { name: 'plain', compaction: false, priority: 1 }),
      accountOf(able, { name: 'able', priority: 2 }),
    ];
    const daemon = await startDaemon(t, { config: { accounts } });
    for (let i = 0; i < 3; ++i) assert.equal((await compact(daemon)).status, 200);
    const made = await (await compact(daemon, { input: kInput })).json();
    await daemon.usage(4);
    for (let i = 0; i < 8; ++i) await turn(daemon, { input: [...made.output, { role: 'user', content: 'go on' }] }); // on any loop
    assert.equal(plain.creates().length, 0, 'only who made it can read it');
    await turn(daemon, {});
    assert.equal(plain.creates().length, 1);
  });

  test('IsNotServedWhereNobodyCan', async (t) => {
    const { sim, daemon } = await gateway(t, { account: { compaction: false } });
    const answer = await compact(daemon);
    assert.deepEqual([answer.status, (await answer.json()).error.code], [404, 'not_found']);
    assert.equal(requests(sim).length, 0);
    await turn(daemon, {});
  });

  test('KnowsTheParentsOfItsTenantAlone', async (t) => {
    const { sim, daemon } = await gateway(t);
    const parent = await bound(daemon, { input: 'a long story' });
    const before = requests(sim).length;
    for (const previous_response_id of [parent.id, 'resp_never_was'])
      for (const [post, key] of [[compact, kOther], [count, kOther]]) {
        const answer = await post(daemon, { previous_response_id }, { key });
        const { error } = await answer.json();
        assert.deepEqual([answer.status, error.code, error.message], [400, 'previous_response_not_found', 'Previous response not found.']);
      }
    assert.equal(requests(sim).length, before, 'not a byte went up');
    for (const post of [compact, count]) assert.equal((await post(daemon, { previous_response_id: parent.id })).status, 200);
  });

  test('HasTheWholeContextWhereOnlyTheChainKnowsTheParent', async (t) => {
    const { sim, daemon } = await gateway(t, { stores: 'off', websocket: 'off', account: { transport: 'http', stores: false } });
    const parent = await bound(daemon, { input: 'a long story' });
    const answer = await compact(daemon, { previous_response_id: parent.id, input: [{ role: 'user', content: 'and now?' }] });
    assert.equal(answer.status, 200, await answer.text());
    const { event } = sim.messages().at(-1);
    assert.deepEqual([event.previous_response_id, event.input.map(({ role }) => role)], [undefined, ['user', 'assistant', 'user']]);
    const counted = await (await count(daemon, { previous_response_id: parent.id })).json();
    assert.ok(counted.input_tokens > 10, JSON.stringify(counted));
  });

  for (const [what, request, status, code] of [
    ['fails', { status: 500, body: { error: { code: 'server_error', message: 'Oh.' } } }, 500, 'server_error'],
    ['is not there', { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' }, 404, 'upstream_error'],
    ['is reset', { reset: true }, 502, 'upstream_disconnected'],
    ['is no object', { status: 200, headers: { 'content-type': 'application/json' }, body: '[]' }, 502, 'upstream_disconnected'],
  ])
    test(`ThatFailsLeavesTheAccountToTurns: it ${what}`, async (t) => {
      const { daemon } = await gateway(t, { script: [{ match: { path: '/v1/responses/compact' }, do: { request } }] });
      const answer = await compact(daemon);
      const body = await answer.json();
      assert.deepEqual([answer.status, body.error.code], [status, code], JSON.stringify(body));
      await turn(daemon, {});
    });

  test('IsMendedByAnotherAccount', async (t) => {
    const broken = await startSim(t, { script: [{ match: { path: '/v1/responses/compact' }, do: { request: { status: 404, body: '<html>' } } }] });
    const fine = await startSim(t);
    const accounts = [accountOf(broken, { priority: 1 }), accountOf(fine, { name: 'fine', priority: 2 })];
    const daemon = await startDaemon(t, { config: { accounts } });
    assert.equal((await compact(daemon)).status, 200);
    await turn(daemon, {});
    assert.equal(broken.creates().filter(({ event }) => event.stream || event.type).length, 1, 'it still serves turns');
  });
});

describe('Counting tokens', { concurrency: 2 }, () => {
  test('IsFree', async (t) => {
    const { daemon } = await gateway(t, { config: { users: [{ name: 'one', balance_usd: 0 }, { name: 'two' }] }, account: { models: { 'gpt-5.2': 'sim-1' } } });
    const broke = await post(daemon, { ...kBase, model: 'gpt-5.2' });
    assert.deepEqual([broke.status, (await broke.json()).error.code], [429, 'insufficient_quota']);
    const answer = await count(daemon, { model: 'gpt-5.2', input: kInput });
    const body = await answer.json();
    assert.deepEqual([answer.status, body], [200, { object: 'response.input_tokens', input_tokens: body.input_tokens }], JSON.stringify(body));
    assert.ok(body.input_tokens > 0);
    assert.equal((await compact(daemon, { model: 'gpt-5.2' })).status, 429, 'compaction is not');
    const paid = await post(daemon, { ...kBase, model: 'gpt-5.2' }, { key: kOther });
    assert.equal(paid.status, 200);
    assert.equal((await daemon.usage(1)).length, 1, 'there is no bill');
  });

  test('CountsAgainstTheRateOfItsKey', async (t) => {
    const keys = [{ name: 'dev', key: kKey, user: 'one', rpm: 2 }];
    const { daemon } = await gateway(t, { config: { keys } });
    for (const status of [200, 200, 429]) {
      const answer = await count(daemon);
      assert.equal(answer.status, status, await answer.text());
      if (status === 429) assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    }
  });

  test('IsNotBilledWhenItsClientLeaves', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ match: { path: '/v1/responses/input_tokens' }, do: { request: { hang: true } } }] });
    const leaving = new AbortController();
    const asked = count(daemon, {}, { signal: leaving.signal });
    await waitFor(() => requests(sim).length === 1, 'it to be asked');
    leaving.abort();
    await assert.rejects(asked);
    await waitFor(() => sim.ends().length === 1, 'its end');
    await turn(daemon, {});
    assert.equal((await daemon.usage(1)).length, 1);
  });
});

describe('Pages in browsers', { concurrency: 2 }, () => {
  const kOrigin = 'https://app.example.com';
  const preflight = (daemon, origin, path = '/responses') =>
    fetch(`${daemon.url}${path}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,x-stainless-os' },
    });
  const grant = ({ headers }) => headers.get('access-control-allow-origin');

  test('AskNothingUnlessTheyAreNamed', async (t) => {
    const { daemon } = await gateway(t);
    const answer = await preflight(daemon, kOrigin);
    assert.deepEqual([answer.status, grant(answer), (await answer.json()).error.code], [405, null, 'method_not_allowed']);
    assert.equal(grant(await ask(daemon, '/models', { headers: { origin: kOrigin, authorization: `Bearer ${kKey}` } })), null);
  });

  test('AskAndReadWhatTheyAreNamedFor', async (t) => {
    const { daemon } = await gateway(t, { config: { server: { cors_origins: [kOrigin] } } });
    for (const path of ['/responses', '/models', '/responses/resp_1', '/responses/compact']) {
      const answer = await preflight(daemon, kOrigin, path);
      assert.deepEqual(
        [answer.status, grant(answer), ...['methods', 'headers'].map((name) => answer.headers.get(`access-control-allow-${name}`)), answer.headers.get('access-control-max-age')],
        [204, kOrigin, 'GET, POST, DELETE', 'authorization,x-stainless-os', '600'],
      );
    }
    const other = await preflight(daemon, 'https://evil.example.com');
    assert.deepEqual([other.status, grant(other)], [405, null]);
    const headers = { origin: kOrigin };
    const { id } = await bound(daemon);
    const streamed = await post(daemon, { ...kBase, stream: true }, { headers });
    await streamed.text();
    const answers = [
      [200, streamed],
      [200, await post(daemon, kBase, { headers })],
      [400, await post(daemon, '{', { headers })],
      [400, await post(daemon, { ...kBase, previous_response_id: 'resp_x' }, { headers })],
      [401, await post(daemon, kBase, { headers, key: 'nobody' })],
      [200, await ask(daemon, '/models', { headers: { ...headers, authorization: `Bearer ${kKey}` } })],
      [200, await ask(daemon, `/responses/${id}`, { headers: { ...headers, authorization: `Bearer ${kKey}` } })],
      [404, await ask(daemon, '/nowhere', { headers })],
    ];
    for (const [status, answer] of answers) {
      assert.deepEqual([answer.status, grant(answer), answer.headers.get('vary')], [status, kOrigin, 'origin']);
      assert.match(answer.headers.get('access-control-expose-headers'), /x-request-id, retry-after/);
    }
    assert.equal(grant(await post(daemon, kBase, { headers: { origin: 'https://evil.example.com' } })), null);
    assert.equal(grant(await post(daemon, kBase)), null);
  });
});

test('WhatIsProbedIsThereAndTheRestIsNot', async (t) => {
  const { daemon } = await gateway(t);
  const head = await fetch(`${daemon.url}/responses`, { method: 'HEAD' });
  assert.ok([200, 401].includes(head.status));
  for (const path of ['/wham/accounts/check', '/model', '/modelsx', '/models/', '/files']) assert.equal((await ask(daemon, path)).status, 404, path);
  assert.equal((await ask(daemon, '/responses', { method: 'PUT' })).status, 405);
});
