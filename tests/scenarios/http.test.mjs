import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { describe, test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { makeCertificate } from './lib/certificate.mjs';
import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { eventsOf, post, stream, textOf } from './lib/http.mjs';
import { rawConnect } from './lib/raw.mjs';
import { atEnd } from './lib/scope.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// Clients over HTTP before an account that speaks WebSocket (http.md sections 3 to 5, 7): the same turn, told in their way.

const kBase = { model: 'sim-1', input: 'hello' };

async function gateway(t, { script, config = {}, account = {}, ...options } = {}) {
  const sim = await startSim(t, { script, deltas: 4, ...options });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...config } });
  return { sim, daemon };
}

const head = (lines) => ['POST /v1/responses HTTP/1.1', 'host: localhost', `authorization: Bearer ${kKey}`, ...lines].join('\r\n') + '\r\n\r\n';
const whole = (body, lines = []) => head([`content-length: ${Buffer.byteLength(body)}`, ...lines]) + body;
const kStreamed = JSON.stringify({ ...kBase, stream: true });
const kPlain = JSON.stringify(kBase);

// A streamed answer as it is on the wire, up to its last chunk: [head, chunks].
async function rawAnswer(raw) {
  await waitFor(() => raw.received.includes('\r\n0\r\n\r\n'), 'the last chunk');
  const text = raw.received.toString();
  raw.received = Buffer.alloc(0);
  const [first] = text.split('\r\n\r\n', 1);
  let rest = text.slice(first.length + 4);
  const chunks = [];
  for (;;) {
    const size = parseInt(rest, 16);
    rest = rest.slice(rest.indexOf('\r\n') + 2);
    if (size === 0) break;
    chunks.push(rest.slice(0, size));
    rest = rest.slice(size + 2);
  }
  assert.equal(rest, '\r\n');
  return [first, chunks];
}

describe('A stream', { concurrency: 2 }, () => {
  test('IsTheUpstreamsEventsInTheFormThatEveryClientTakes', async (t) => {
    const { sim, daemon } = await gateway(t);
    const turn = await stream(daemon, kBase);
    assert.equal(turn.status, 200);
    assert.equal(turn.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    assert.equal(turn.headers.get('content-encoding'), null);
    const { id } = turn.terminal.response;
    assert.deepEqual(turn.events.map(({ sequence_number }) => sequence_number), turn.events.map((_, i) => i));
    assert.equal(turn.events[0].type, 'response.created');
    assert.equal(turn.terminal.type, 'response.completed');
    assert.equal(sim.responses()[0].response.id, id);
    const [row] = await daemon.usage(1);
    assert.deepEqual([row.request_type, row.stream, row.openai_ws_mode, row.upstream_transport], ['stream', true, false, 'ws']);
    assert.equal(row.turn_id, turn.headers.get('x-request-id'));
    assert.equal(row.upstream_response_id, id);
  });

  test('EndsInTheSameWriteAsItsTerminalEvent', async (t) => {
    const { daemon } = await gateway(t);
    const raw = await rawConnect(t, daemon);
    raw.send(whole(kStreamed));
    const [first, chunks] = await rawAnswer(raw);
    assert.match(first, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(first, /\r\ntransfer-encoding: chunked(\r\n|$)/);
    assert.match(chunks.at(-1), /event: response\.completed\ndata: [^\n]+\n\n$/);
    raw.send(whole(kStreamed)); // and the connection is there for the next one
    assert.equal(eventsOf((await rawAnswer(raw))[1].join('')).at(-1).type, 'response.completed');
  });

  test('IsToldAFailureBeforeItsHeadAsAStatus', async (t) => {
    const error = { status: 429, code: 'rate_limit_exceeded', type: 'requests', message: 'Slow down.' };
    const { daemon } = await gateway(t, { script: [{ match: { input_contains: 'bad' }, do: { error } }], config: { recovery: { budget: '100ms' } } });
    const turn = await stream(daemon, { ...kBase, input: 'bad' });
    assert.equal(turn.status, 429);
    assert.equal(turn.error.code, 'rate_limit_exceeded');
    assert.ok(Number(turn.headers.get('retry-after')) >= 1, 'Codex takes a 429 without it for the end');
  });

  test('IsToldALossAfterContentByAFailedResponse', async (t) => {
    const script = [{ times: 1, do: { fault: { kind: 'reset', when: 'content:2' } } }];
    const { daemon } = await gateway(t, { script, deltaIntervalUs: 20_000 });
    const turn = await stream(daemon, kBase);
    assert.equal(turn.status, 200);
    assert.equal(turn.terminal.type, 'response.failed');
    assert.equal(turn.terminal.response.id, turn.events[0].response.id);
    assert.equal(turn.terminal.response.error.code, 'upstream_disconnected');
    assert.equal((await stream(daemon, kBase)).terminal.type, 'response.completed');
    const rows = await daemon.usage(2);
    assert.equal(rows.length, 2);
  });

  test('HidesALossBeforeContent', async (t) => {
    const script = [{ times: 1, do: { fault: { kind: 'reset', when: 'created' } } }];
    const { daemon } = await gateway(t, { script });
    const turn = await stream(daemon, kBase);
    assert.equal(turn.terminal.type, 'response.completed');
    assert.equal(new Set(turn.events.map(({ response }) => response?.id).filter(Boolean)).size, 1);
  });

  test('HasAHeadAndCommentsWhileItsTurnThinks', async (t) => {
    const script = [{ do: { delay_ms: slowed(1_500) } }];
    const { daemon } = await gateway(t, { script, config: { http: { head_after: '300ms', keepalive: '300ms' } } });
    const answer = await post(daemon, { ...kBase, stream: true });
    const text = await answer.text();
    assert.match(text, /^(: keepalive\n\n)+event: response\.created\n/);
    assert.equal(eventsOf(text).at(-1).type, 'response.completed');
  });

  test('GivesCodexItsOwnEventsAndOthersNone', async (t) => {
    const script = [{ do: { rate_limits: { plan_type: 'pro' }, metadata_turn_state: 'sticky-1' } }];
    const { daemon } = await gateway(t, { script });
    const others = await stream(daemon, kBase);
    assert.deepEqual(others.events.filter(({ type }) => !type.startsWith('response.') || type === 'response.metadata'), []);
    const codex = await stream(daemon, kBase, { headers: { originator: 'codex_exec' } });
    assert.ok(codex.events.some(({ type }) => type === 'codex.rate_limits'));
    assert.equal(codex.headers.get('x-codex-turn-state'), 'sticky-1');
    const again = { ...kBase, input: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }, { type: 'function_call_output', call_id: 'c', output: 'x' }] };
    await stream(daemon, again, { headers: { originator: 'codex_exec', 'x-codex-turn-state': 'sticky-1' } });
  });

  test('WhoseClientLeavesIsStoppedAndBilledAndWhoLeavesAtItsEndIsNot', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ match: { input_contains: 'hold' }, do: { fault: { kind: 'hang', when: 'content:2' } } }] });
    const leaving = new AbortController();
    const answer = await post(daemon, { ...kBase, input: 'hold', stream: true }, { signal: leaving.signal });
    const reader = answer.body.getReader();
    await reader.read();
    leaving.abort();
    const [row] = await daemon.usage(1);
    assert.deepEqual([row.status, row.reason], ['aborted', 'client_gone']);
    await waitFor(async () => (await daemon.status()).accounts[0].running === 0, 'its slot to be free');
    const raw = await rawConnect(t, daemon); // as Codex does
    raw.send(whole(kStreamed));
    await waitFor(() => raw.received.includes('event: response.completed'), 'its end');
    raw.reset();
    const rows = await daemon.usage(2);
    assert.ok(rows.some(({ status, reason }) => status === 'completed' && reason === ''));
    assert.equal(sim.creates().length, 2);
  });
});

describe('A document', { concurrency: 2 }, () => {
  test('IsTheResponseOfTheTerminalEvent', async (t) => {
    const { daemon } = await gateway(t);
    const answer = await post(daemon, kBase);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    const response = await answer.json();
    assert.match(textOf(response), /^You said: hello/);
    const [row] = await daemon.usage(1);
    assert.deepEqual([row.request_type, row.stream], ['sync', false]);
  });

  test('IsTriedOnceMoreWhateverALostUpstreamHadBroughtAndBothAreBilled', async (t) => {
    const script = [{ times: 1, do: { fault: { kind: 'reset', when: 'content:2' } } }];
    const { sim, daemon } = await gateway(t, { script, deltaIntervalUs: 20_000 });
    const answer = await post(daemon, kBase);
    assert.equal(answer.status, 200);
    assert.match(textOf(await answer.json()), /^You said: hello/);
    assert.equal(sim.creates().length, 2);
    const rows = await daemon.usage(2);
    assert.deepEqual(rows.map(({ status }) => status).sort(), ['aborted', 'completed']);
    assert.equal(new Set(rows.map(({ turn_id }) => turn_id)).size, 1);
  });

  test('ThatFailedBeforeAnyOutputIsAStatusAndLaterTheObject', async (t) => {
    const failed = { code: 'invalid_prompt', message: 'No.' };
    const script = [
      { match: { input_contains: 'early' }, do: { failed, answer: [] } },
      { match: { input_contains: 'short' }, do: { incomplete: 'max_output_tokens' } },
      { match: { input_contains: 'bare' }, do: { terminal: 'none', events: [{ when: 'after', event: { type: 'response.completed' } }] } },
    ];
    const { daemon } = await gateway(t, { script });
    const early = await post(daemon, { ...kBase, input: 'early' });
    assert.equal(early.status, 400);
    assert.equal((await early.json()).error.code, 'invalid_prompt');
    const short = await post(daemon, { ...kBase, input: 'short' });
    assert.equal(short.status, 200);
    assert.equal((await short.json()).status, 'incomplete');
    const bare = await post(daemon, { ...kBase, input: 'bare' });
    assert.equal(bare.status, 502, 'an end without its response');
    assert.ok((await bare.json()).error);
  });
});

describe('A request', { concurrency: 2 }, () => {
  test('ThatIsNoneIsToldWhyAndTheConnectionGoesOn', async (t) => {
    const { sim, daemon } = await gateway(t);
    const rows = [
      ['{', 'invalid_json', null],
      ['[]', 'invalid_request', null],
      [JSON.stringify({ input: 'x' }), 'invalid_request', 'model'],
      [JSON.stringify({ ...kBase, stream: 'yes' }), 'invalid_request', 'stream'],
      [JSON.stringify({ ...kBase, background: 1 }), 'invalid_request', 'background'],
      [JSON.stringify({ ...kBase, stream_id: 'a' }), 'invalid_request', 'stream_id'],
      [JSON.stringify({ ...kBase, generate: false }), 'invalid_request', 'generate'],
      [JSON.stringify({ ...kBase, type: 'response.steer', previous_response_id: 'resp_x' }), 'invalid_request', 'type'],
      [JSON.stringify({ ...kBase, conversation: 'conv_1' }), 'invalid_request', 'conversation'],
      [JSON.stringify({ ...kBase, previous_response_id: 'resp_none' }), 'previous_response_not_found', 'previous_response_id'],
    ];
    const raw = await rawConnect(t, daemon);
    for (const [body, code, param] of rows) {
      raw.send(whole(body));
      const answer = await raw.readHead();
      assert.equal(answer.status, 400, body);
      const { error } = JSON.parse(answer.body);
      assert.deepEqual([error.code, error.param], [code, param], body);
      assert.ok(answer.headers['x-request-id']);
    }
    raw.send(whole(kPlain));
    assert.equal((await raw.readHead()).status, 200);
    assert.equal(sim.creates().length, 1);
    assert.deepEqual(Object.keys(sim.creates()[0].event).sort(), ['input', 'model', 'type']);
  });

  test('MayBeCodedAndIsReadWithinItsBound', async (t) => {
    const { sim, daemon } = await gateway(t, { config: { limits: { max_request_body: '1MiB' } } });
    const body = Buffer.from(JSON.stringify({ ...kBase, input: 'coded' }));
    const codings = [
      ['zstd', zstdCompressSync(body)],
      ['gzip', gzipSync(body)],
      ['X-GZip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['deflate', deflateRawSync(body)],
      ['identity', body],
      ['gzip, zstd', zstdCompressSync(gzipSync(body))],
    ];
    for (const [coding, bytes] of codings) {
      const answer = await post(daemon, bytes, { headers: { 'content-encoding': coding } });
      assert.equal(answer.status, 200, `${coding} ${await answer.text()}`);
    }
    assert.ok(sim.creates().every(({ event }) => event.input === 'coded'));
    const bomb = Buffer.from(JSON.stringify({ ...kBase, input: ' '.repeat(8 << 20) }));
    const refused = [
      [body, 'br', 415, 'unsupported_encoding'],
      [body, 'gzip, gzip, gzip', 415, 'unsupported_encoding'],
      [body, 'zstd', 400, 'invalid_encoding'],
      [gzipSync(body).subarray(0, -9), 'gzip', 400, 'invalid_encoding'],
      [zstdCompressSync(bomb), 'zstd', 400, 'request_too_large'],
      [gzipSync(bomb), 'gzip', 400, 'request_too_large'],
      [bomb, 'identity', 400, 'request_too_large'],
    ];
    for (const [bytes, coding, status, code] of refused) {
      const raw = await rawConnect(t, daemon);
      raw.send(head([`content-length: ${bytes.length}`, `content-encoding: ${coding}`]), bytes);
      const answer = await raw.readHead();
      assert.deepEqual([answer.status, JSON.parse(answer.body).error.code], [status, code], coding);
      await raw.end();
    }
  });

  test('MayBeChunkedOrWaitForA100OrComeBehindAnother', async (t) => {
    const { daemon } = await gateway(t);
    const raw = await rawConnect(t, daemon);
    raw.send(head(['transfer-encoding: chunked']));
    for (const piece of kPlain.match(/.{1,7}/g)) raw.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    raw.send('0\r\n\r\n');
    assert.equal((await raw.readHead()).status, 200);
    raw.send(head([`content-length: ${kPlain.length}`, 'expect: 100-continue']));
    assert.equal((await raw.readHead()).status, 100);
    raw.send(kPlain);
    assert.equal((await raw.readHead()).status, 200);
    raw.send(whole(kPlain), whole(kPlain), whole(kPlain, ['connection: close']));
    for (let i = 0; i < 3; ++i) assert.equal((await raw.readHead()).status, 200);
    await raw.end();
    const lacking = await rawConnect(t, daemon);
    lacking.send(head([]));
    assert.equal((await lacking.readHead()).status, 411);
  });

  test('ToUpgradeMayHaveNoBody', async (t) => {
    const { daemon } = await gateway(t);
    const raw = await rawConnect(t, daemon);
    assert.equal((await raw.upgrade({ headers: { 'Content-Length': '5' } })).status, 400);
    await raw.end();
  });

  test('OfAnOldClientIsAnsweredUntilTheConnectionEnds', async (t) => {
    const { daemon } = await gateway(t);
    const raw = await rawConnect(t, daemon);
    raw.send(whole(kStreamed).replace('HTTP/1.1', 'HTTP/1.0'));
    await raw.end();
    const [first, body] = raw.received.toString().split('\r\n\r\n', 2);
    assert.doesNotMatch(first, /chunked/);
    assert.ok(body.startsWith('event: response.created'));
    assert.ok(raw.received.toString().endsWith('\n\n'));
  });

  test('IsJudgedAtTheDoorAsAnUpgradeIs', async (t) => {
    const groups = [{ name: 'default' }, { name: 'closed', http: false }, { name: 'http', mode: 'off' }];
    const keys = [{ name: 'dev', key: kKey }, { name: 'c', key: 'tg-closed', group: 'closed' }, { name: 'h', key: 'tg-http', group: 'http' }];
    const { daemon } = await gateway(t, { config: { groups, keys }, account: { groups: ['default', 'http'] } });
    const rows = [
      [{ key: 'nobody' }, 401, 'invalid_api_key'],
      [{ headers: { authorization: '' } }, 401, 'missing_api_key'],
      [{ key: 'tg-closed' }, 403, 'http_off'],
      [{ path: '/nothing' }, 404, 'not_found'],
      [{ path: '/responses?api_key=x' }, 400, 'key_in_query'],
    ];
    for (const [options, status, code] of rows) {
      const answer = await post(daemon, kBase, options);
      assert.deepEqual([answer.status, (await answer.json()).error.code], [status, code]);
      assert.ok(answer.headers.get('x-request-id'));
    }
    assert.equal((await post(daemon, kBase, { key: 'tg-http' })).status, 200, 'mode: off is of WebSockets');
    for (const path of ['/codex/responses', '/responses'])
      assert.equal((await post(daemon, kBase, { path })).status, 200);
  });
});

describe('A conversation', { concurrency: 2 }, () => {
  test('GoesOnByItsParentOnItsWarmConnection', async (t) => {
    const { sim, daemon } = await gateway(t);
    let parent = null;
    for (let i = 0; i < 3; ++i) {
      const answer = await post(daemon, { ...kBase, store: false, input: `turn ${i}`, previous_response_id: parent });
      assert.equal(answer.status, 200);
      parent = (await answer.json()).id;
    }
    assert.equal(sim.upgrades().length, 1);
    assert.equal(sim.creates().length, 3);
  });

  test('ChangesSidesBetweenTurns', async (t) => {
    const { sim, daemon } = await gateway(t);
    const headers = { 'session-id': 'one-conversation' };
    const socket = await connect(t, daemon.wsUrl, { headers });
    const first = (await socket.turn({ ...kBase, store: false, input: 'first' })).terminal.response.id;
    const second = await (await post(daemon, { ...kBase, store: false, input: 'second', previous_response_id: first }, { headers })).json();
    assert.match(textOf(second), /second/);
    const third = (await socket.turn({ ...kBase, store: false, input: 'third', previous_response_id: second.id })).terminal;
    assert.equal(third.type, 'response.completed', JSON.stringify(third));
    const last = sim.creates().at(-1).event;
    const context = JSON.stringify(last.previous_response_id ? last.previous_response_id : last.input);
    assert.ok(last.previous_response_id === second.id || (/first/.test(context) && /second/.test(context)), context);
  });

  test('OfOneKeyRunsSideBySide', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ match: { input_contains: 'hold' }, do: { fault: { kind: 'hang', when: 'created' } } }] });
    const headers = { 'session-id': 'shared' };
    const held = new AbortController();
    const holding = post(daemon, { ...kBase, input: 'hold' }, { headers, signal: held.signal }).catch(() => null);
    await waitFor(() => sim.creates().length === 1, 'the first to run');
    const answers = await Promise.all([1, 2, 3].map((i) => post(daemon, { ...kBase, input: `beside ${i}` }, { headers })));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
    held.abort();
    await holding;
  });

  test('OfAnotherTenantCannotBeGoneOnWith', async (t) => {
    const keys = [{ name: 'dev', key: kKey, user: 'a' }, { name: 'other', key: 'tg-other', user: 'b' }];
    const { sim, daemon } = await gateway(t, { config: { users: [{ name: 'a' }, { name: 'b' }], keys } });
    const { id } = await (await post(daemon, kBase)).json();
    const foreign = await post(daemon, { ...kBase, previous_response_id: id }, { key: 'tg-other' });
    const unknown = await post(daemon, { ...kBase, previous_response_id: 'resp_unknown' }, { key: 'tg-other' });
    assert.deepEqual([foreign.status, await foreign.text()], [unknown.status, await unknown.text()]);
    assert.equal(foreign.status, 400);
    assert.equal(sim.creates().length, 1);
  });
});

test('ManyRequestsOnOneConnectionLeaveNothingBehind', async (t) => {
  const { daemon } = await gateway(t, { deltas: 1 });
  const raw = await rawConnect(t, daemon);
  const kRequests = 300;
  for (let i = 0; i < kRequests; ++i) {
    raw.send(whole(kPlain));
    assert.equal((await raw.readHead()).status, 200);
  }
  raw.socket.end();
  await daemon.usage(kRequests);
  const { accounts } = await daemon.status();
  assert.deepEqual([accounts[0].running, accounts[0].waiting, accounts[0].leased], [0, 0, 0]);
});

test('ADrainLetsWhatRunsEndAndTellsNewOnes', async (t) => {
  const { sim, daemon } = await gateway(t, { deltaIntervalUs: 100_000 });
  const idle = await rawConnect(t, daemon);
  idle.send(whole(kPlain));
  assert.equal((await idle.readHead()).status, 200);
  const running = stream(daemon, { ...kBase, input: 'to the end' });
  await waitFor(() => sim.creates().length === 2, 'it to run');
  process.kill(daemon.pid, 'SIGTERM');
  assert.equal((await running).terminal.type, 'response.completed');
  await idle.end();
  const { code } = await daemon.program.ended;
  assert.equal(code, 0);
});

test('OverTlsARequestMovesToTheLoopOfItsKeyAndItsConnectionGoesOn', async (t) => {
  const { cert, key, ca } = await makeCertificate(t);
  const { daemon } = await gateway(t, { config: { server: { listen: '127.0.0.1:0', threads: 2, tls: { cert, key } } } });
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 1 });
  atEnd(t, () => agent.destroy());
  for (let i = 0; i < 8; ++i) {
    const answer = await ask(agent, daemon, { ...kBase, stream: i % 2 === 0, input: `turn ${i}` }, { 'session-id': `session ${i}` });
    assert.equal(answer.status, 200);
    assert.match(answer.text, new RegExp(`turn ${i}`));
    assert.equal(answer.reused, i > 0);
  }
});

function ask(agent, daemon, body, headers) {
  return new Promise((resolve, reject) => {
    const options = { agent, method: 'POST', headers: { authorization: `Bearer ${kKey}`, ...headers } };
    const asked = request(`${daemon.url}/responses`, options, (answer) => {
      let text = '';
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode, text, reused: asked.reusedSocket }));
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}

test('AClientThatReadsNothingHoldsItsUpstreamBackAndIsLetGo', async (t) => {
  const script = [{ match: { input_contains: 'much' }, do: { deltas: 4_000, delta_bytes: 4_000 } }];
  const { daemon } = await gateway(t, { script, config: { relay: { client_write_timeout: '1s' } } });
  const raw = await rawConnect(t, daemon);
  raw.socket.pause();
  raw.send(whole(JSON.stringify({ ...kBase, input: 'much', stream: true })));
  const [row] = await daemon.usage(1);
  assert.deepEqual([row.status, row.reason], ['aborted', 'client_gone']);
  assert.ok(row.output_tokens < 4_000_000 / 2, `${row.output_tokens} tokens were read`);
  assert.equal((await stream(daemon, kBase)).terminal.type, 'response.completed');
});
