import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';

import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { eventsOf, post, stream, textOf } from './lib/http.mjs';
import { rawConnect } from './lib/raw.mjs';
import { atEnd } from './lib/scope.mjs';
import { startSim } from './lib/sim.mjs';
import { kPatience, slowed, waitFor } from './lib/wait.mjs';

// What clients and accounts may do to a connection over HTTP: bounded, told, and nothing of it stays.

const kBase = { model: 'sim-1', store: false };

const requestOf = (fields, lines = []) => {
  const body = typeof fields === 'string' ? fields : JSON.stringify(fields);
  return [headOf([`content-length: ${Buffer.byteLength(body)}`, ...lines]), body].join('');
};
const headOf = (lines) => ['POST /v1/responses HTTP/1.1', 'host: localhost', `authorization: Bearer ${kKey}`, ...lines, '', ''].join('\r\n');

async function gateway(t, { script, config = {}, account = {}, env, ...options } = {}) {
  const sim = await startSim(t, { script, deltas: 2, ...options });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...config }, env });
  return { sim, daemon };
}

const kOverHttp = { account: { transport: 'http', keep_idle: '10m' }, websocket: 'off' };

const descriptorsOf = ({ pid }) => readdirSync(`/proc/${pid}/fd`).length;
const bytesOf = ({ pid }) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB$/m)[1]) * 1024;

async function atRest(daemon) {
  const isSo = ({ running, waiting, leased, connections, parked }) => running + waiting + leased === 0 && connections === parked;
  await waitFor(async () => (await daemon.status()).accounts.every(isSo), 'the accounts to be at rest');
  await waitFor(async () => (await daemon.metric('turngate_turns_running')) === 0, 'no turn to run');
}

// The next answer on a connection, streamed or not: {status, body}.
async function readAnswer(raw) {
  const { status, headers, body } = await raw.readHead();
  if (headers['transfer-encoding'] !== 'chunked') return { status, body };
  const chunks = [];
  for (;;) {
    const at = await waitFor(() => raw.received.indexOf('\r\n') + 1, 'the size of a chunk');
    const size = parseInt(raw.received.subarray(0, at).toString(), 16);
    await waitFor(() => raw.received.length >= at + 1 + size + 2, 'a chunk');
    chunks.push(raw.received.subarray(at + 1, at + 1 + size));
    raw.received = raw.received.subarray(at + 1 + size + 2);
    if (size === 0) return { status, body: Buffer.concat(chunks).toString() };
  }
}

// How many documents there are, each whole and a success.
function wholeAnswers(bytes) {
  let count = 0;
  for (let at = 0; at < bytes.length; ++count) {
    const head = bytes.indexOf('\r\n\r\n', at);
    if (head < 0) return count;
    const lines = bytes.toString('latin1', at, head);
    assert.match(lines, /^HTTP\/1\.1 200 /);
    at = head + 4 + Number(/content-length: (\d+)/.exec(lines)[1]);
    if (at > bytes.length) return count;
  }
  return count;
}

// A sanitizer would keep what was freed.
const kSmallQuarantine = {
  ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1:thread_local_quarantine_size_kb=16`,
};

// Of a request: what it is known by (its binding), and less than what it brought, which would come on top.
const kMostKept = 3_072;

test('TenThousandRequestsOnOneConnectionGoUpOnOneAndLeaveNothing', { timeout: slowed(170_000) }, async (t) => {
  const config = { continuity: { chain_max_per_session: '64KiB' }, server: { threads: 1 }, log: { level: 'info' } };
  const { sim, daemon } = await gateway(t, { ...kOverHttp, config, env: kSmallQuarantine });
  const raw = await rawConnect(t, daemon);
  const text = 'x'.repeat(4096);
  const request = requestOf({ ...kBase, input: text }, ['session-id: one']);
  const kRequests = 10_000;
  const kAtOnce = 50;
  const bytes = {};
  for (let done = 0; done < kRequests; done += kAtOnce) {
    raw.send(request.repeat(kAtOnce));
    await waitFor(() => wholeAnswers(raw.received) === kAtOnce, `${kAtOnce} answers behind ${done}`);
    raw.received = Buffer.alloc(0);
    if ([2_000, 6_000, kRequests].includes(done + kAtOnce)) bytes[done + kAtOnce] = bytesOf(daemon);
  }
  for (const [from, to] of [[2_000, 6_000], [6_000, kRequests]]) {
    const what = `grew by ${bytes[to] - bytes[from]} bytes from request ${from} to ${to}`;
    t.diagnostic(what);
    assert.ok(bytes[to] - bytes[from] < (to - from) * kMostKept, what);
  }
  const stats = await sim.stats();
  assert.equal(stats.requests, kRequests);
  assert.equal(stats.http_connections_total, 1);
  assert.equal((await daemon.allUsage(kRequests, slowed(60_000))).length, kRequests);
  await atRest(daemon);
});

describe('A client', { concurrency: 4 }, () => {
  test('ThatSendsManyRequestsAtOnceIsAnsweredInTheirOrder', async (t) => {
    const { sim, daemon } = await gateway(t, {});
    const raw = await rawConnect(t, daemon);
    const kinds = [
      { ask: (i) => requestOf({ ...kBase, input: `plain ${i} ${'-'.repeat(8_000)}` }), check: ({ status, body }, i) => status === 200 && textOf(JSON.parse(body)).includes(`plain ${i} `) },
      { ask: (i) => requestOf({ ...kBase, input: `stream ${i}`, stream: true }), check: ({ body }, i) => textOf(eventsOf(body).at(-1).response).includes(`stream ${i}`) },
      { ask: () => requestOf('{'), check: ({ status, body }) => status === 400 && JSON.parse(body).error.code === 'invalid_json' },
      { ask: (i) => requestOf({ ...kBase, input: 'x', previous_response_id: `resp_${i}` }), check: ({ status, body }) => status === 400 && JSON.parse(body).error.code === 'previous_response_not_found' },
    ];
    const asked = Array.from({ length: 240 }, (_, i) => kinds[i % kinds.length]);
    raw.send(...asked.map(({ ask }, i) => ask(i)));
    for (const [i, { check }] of asked.entries()) {
      const answer = await readAnswer(raw);
      assert.ok(check(answer, i), `${i}: ${answer.status} ${answer.body.slice(0, 300)}`);
    }
    assert.equal(sim.creates().length, 120);
    await atRest(daemon);
  });

  // behaviour.md section 1 has the head's time; a body has 30 s without a byte.
  test('WhoseBodyStopsIsLetGo', async (t) => {
    const { sim, daemon } = await gateway(t, {});
    const before = descriptorsOf(daemon);
    const raws = [];
    for (const lines of [['content-length: 100'], ['transfer-encoding: chunked'], ['content-length: 100', 'expect: 100-continue']]) {
      const raw = await rawConnect(t, daemon);
      raw.send(headOf(lines), lines[0].startsWith('transfer') ? '5\r\n{"mod' : '{"mod');
      raws.push(raw);
    }
    assert.equal((await raws[2].readHead()).status, 100);
    await waitFor(() => raws.every(({ isEnded }) => isEnded), 'the connections to end', 30_000 + kPatience);
    await waitFor(() => descriptorsOf(daemon) <= before, 'the descriptors to be free');
    assert.equal((await post(daemon, { ...kBase, input: 'after' })).status, 200);
    assert.equal(sim.creates().length, 1);
  });

  test('WhoseChunkHasNoEndOfItsLineIsToldAndNothingIsKept', async (t) => {
    const { daemon } = await gateway(t, { env: kSmallQuarantine });
    const before = bytesOf(daemon);
    const raw = await rawConnect(t, daemon);
    raw.send(headOf(['transfer-encoding: chunked']), '1;');
    const more = 'x'.repeat(1 << 20);
    for (let i = 0; i < 64 && !raw.isEnded; ++i) await new Promise((sent) => raw.socket.write(more, sent));
    await raw.end();
    assert.match(raw.received.toString(), /^HTTP\/1\.1 400 /);
    assert.ok(bytesOf(daemon) - before < 32 << 20, 'it was not read to its end');
    assert.equal((await post(daemon, { ...kBase, input: 'after' })).status, 200);
  });

  // Where a client may go: [what, what it sent before, what there is to wait for].
  const kHold = [
    { match: { input_contains: 'silent' }, do: { fault: { kind: 'hang', when: 'before' } } },
    { match: { input_contains: 'begun' }, do: { fault: { kind: 'hang', when: 'content:1' } } },
  ];
  const inputOf = (input, more = {}) => requestOf({ ...kBase, input, ...more });
  const kRuns = async ({ sim, created }) => waitFor(() => sim.creates().length > created, 'the turn to run');
  const kMoments = [
    ['before a byte', ''],
    ['within its head', headOf([]).slice(0, 40)],
    ['after its head', headOf(['content-length: 50'])],
    ['within its body', headOf(['content-length: 50']) + '{"model"'],
    ['within a chunk', headOf(['transfer-encoding: chunked']) + 'ff\r\n{"model"'],
    ['after its 100', headOf(['content-length: 50', 'expect: 100-continue']), { wait: (_, raw) => raw.readHead() }],
    ['while its turn is silent', inputOf('silent'), { wait: kRuns, aborts: true }],
    ['while its turn is silent, streamed', inputOf('silent', { stream: true }), { wait: kRuns, aborts: true }],
    ['while it waits for a document', inputOf('begun'), { wait: kRuns, aborts: true }],
    ['while events come', inputOf('begun', { stream: true }), { wait: (_, raw) => waitFor(() => raw.received.includes('output_text.delta'), 'a delta'), aborts: true }],
    ['while another request waits behind it', inputOf('begun') + inputOf('never'), { wait: kRuns, aborts: true }],
    ['between its requests', inputOf('plain'), { wait: (_, raw) => raw.readHead(), completes: true }],
  ];
  const kLeaves = { resets: (raw) => raw.reset(), ends: (raw) => raw.socket.end() };

  for (const [side, options] of Object.entries({ WebSocket: {}, Http: kOverHttp }))
    test(`MayGoAtAnyMomentBeforeAnAccountOver${side}`, async (t) => {
      const { sim, daemon } = await gateway(t, { ...options, script: kHold, config: { server: { threads: 1 } } });
      let settled = 0;
      for (const [how, leave] of Object.entries(kLeaves))
        for (const [what, sent, { wait, aborts, completes } = {}] of kMoments)
          await t.test(`${how} ${what}`, async (inner) => {
            const before = descriptorsOf(daemon) - (await daemon.status()).accounts[0].connections;
            const created = sim.creates().length;
            const raw = await rawConnect(inner, daemon);
            if (sent) raw.send(sent);
            await wait?.({ sim, created }, raw);
            leave(raw);
            const more = aborts || completes ? 1 : 0;
            const rows = await daemon.usage(settled + more);
            assert.deepEqual(rows.slice(settled).map(({ status }) => status), aborts ? ['aborted'] : completes ? ['completed'] : []);
            await atRest(daemon);
            const isFree = async () => descriptorsOf(daemon) - (await daemon.status()).accounts[0].connections <= before;
            await waitFor(isFree, 'its descriptor to be free');
            assert.equal((await post(daemon, { ...kBase, input: 'after' })).status, 200);
            settled += more + 1;
          });
      assert.doesNotMatch(JSON.stringify(sim.creates()), /never/);
    });
});

// An account's answer, byte for byte, that breaks off anywhere.
const kId = 'resp_broken';
const kItem = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hello.', annotations: [] }] };
const kResponse = { id: kId, object: 'response', model: 'sim-1', status: 'completed', output: [kItem], usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 } };
const kEvents = [
  { type: 'response.created', response: { ...kResponse, status: 'in_progress', output: [], usage: null } },
  { type: 'response.output_item.added', output_index: 0, item: { ...kItem, status: 'in_progress', content: [] } },
  { type: 'response.output_text.delta', output_index: 0, content_index: 0, item_id: 'msg_1', delta: 'Hello.' },
  { type: 'response.output_item.done', output_index: 0, item: kItem },
  { type: 'response.completed', response: kResponse },
].map((event, sequence_number) => ({ ...event, sequence_number }));
const blockOf = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

class Brittle {
  answer = '';
  marks = {}; // where content is first whole, and the end

  constructor() {
    const chunks = kEvents.map(blockOf).map((block) => `${Buffer.byteLength(block).toString(16)}\r\n${block}\r\n`);
    this.answer = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
    for (const [i, chunk] of chunks.entries()) {
      this.answer += chunk;
      if (kEvents[i].type === 'response.output_item.added') this.marks.content = this.answer.length - 2;
      if (kEvents[i].type === 'response.completed') this.marks.end = this.answer.length - 2;
    }
    this.answer += '0\r\n\r\n';
  }

  async start(t) {
    this.server = createServer((request) => {
      let body = '';
      request.on('data', (bytes) => (body += bytes)).on('end', () => this.#answer(JSON.parse(body), request.socket));
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => this.server.closeAllConnections());
    atEnd(t, () => this.server.close());
  }

  // The first time it breaks off where the input says, in the way that it says.
  #broken = new Set();
  #answer({ input }, socket) {
    const cut = /^(resets|ends) (\d+) for/.exec(input);
    if (!cut || this.#broken.has(input)) return socket.write(this.answer);
    this.#broken.add(input);
    socket.write(this.answer.slice(0, Number(cut[2])), () => (cut[1] === 'ends' ? socket.end() : setImmediate(() => socket.resetAndDestroy())));
  }
}

test('AnAnswerMayBreakOffAtAnyByte', async (t) => {
  const upstream = new Brittle();
  await upstream.start(t);
  const account = { name: 'brittle', base_url: `http://127.0.0.1:${upstream.server.address().port}/v1`, api_key: 'x', transport: 'http' };
  const daemon = await startDaemon(t, { config: { accounts: [account], log: { level: 'info' }, relay: { hold_lifecycle: '30s' } } });
  const cuts = Array.from({ length: upstream.answer.length }, (_, at) => at).filter((at) => at % 7 === 0);
  const places = [...cuts, upstream.marks.content - 1, upstream.marks.content, upstream.marks.end - 1, upstream.marks.end];
  const { content, end } = upstream.marks;
  const ends = { completed: 0, failed: 0 };
  const turnAt = async (how, at) => {
    const name = `${how} ${at} for`;
    const turn = await stream(daemon, { ...kBase, input: `${name} events` });
    // A reset may take along what came just before it; then less was seen.
    const wanted = at < content || at >= end ? 'response.completed' : 'response.failed';
    const mayBe = how === 'resets' && at >= content ? ['response.completed', 'response.failed'] : [wanted];
    assert.ok(mayBe.includes(turn.terminal?.type), `${name}: ${turn.status} ${turn.text.slice(-300)}`);
    ++ends[turn.terminal.type.slice('response.'.length)];
    const whole = await post(daemon, { ...kBase, input: `${name} a document` });
    assert.equal(whole.status, 200, `${name}: ${await whole.clone().text()}`);
    assert.equal((await whole.json()).output[0].content[0].text, 'Hello.');
  };
  for (const how of ['ends', 'resets'])
    for (let i = 0; i < places.length; i += 8) await Promise.all(places.slice(i, i + 8).map((at) => turnAt(how, at)));
  t.diagnostic(`${places.length * 2} places: ${JSON.stringify(ends)}`);
  assert.ok(ends.completed > 0 && ends.failed > 0);
  await atRest(daemon);
  assert.equal((await stream(daemon, { ...kBase, input: 'after' })).terminal.type, 'response.completed');
});
