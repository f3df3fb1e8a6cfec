import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { eventsOf, post, stream, textOf } from './lib/http.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// Responses with `background: true` (http.md section 10): they run with nobody attached, and whoever knows the id comes back for them.

const kBase = { model: 'sim-1', input: 'hello', background: true };
const kStory = { deltas: 60, interval_us: 10_000 };
const kScript = [
  { match: { input_contains: 'a story' }, do: kStory },
  { match: { input_contains: 'for ever' }, do: { deltas: 100_000, interval_us: 10_000 } },
  { match: { input_contains: 'thinks' }, do: { fault: { kind: 'hang', when: 'created' } } },
];

async function gateway(t, { script = kScript, config = {}, account = {}, ...options } = {}) {
  const sim = await startSim(t, { script, deltas: 4, ...options });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, account)], ...config } });
  return { sim, daemon };
}

const ask = (daemon, path, { key = kKey, headers, ...options } = {}) =>
  fetch(`${daemon.url}/responses/${path}`, { headers: { authorization: `Bearer ${key}`, ...headers }, ...options });

// {status, body}
async function call(daemon, path, options) {
  const answer = await ask(daemon, path, options);
  return { status: answer.status, body: await answer.json() };
}
const cancel = (daemon, id, options) => call(daemon, `${id}/cancel`, { method: 'POST', ...options });
const remove = (daemon, id, options) => call(daemon, id, { method: 'DELETE', ...options });

async function begin(daemon, body) {
  const answer = await post(daemon, { ...kBase, ...body });
  const response = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(response));
  return response;
}

// {status, events, error} of a log, read to its end.
async function read(daemon, id, query = '', options) {
  const answer = await ask(daemon, `${id}?stream=true${query}`, options);
  const text = await answer.text();
  const isStream = answer.headers.get('content-type').startsWith('text/event-stream');
  const events = isStream && text ? eventsOf(text) : [];
  return { status: answer.status, events, terminal: events.at(-1), error: isStream ? null : JSON.parse(text).error };
}

const ended = (daemon, id) =>
  waitFor(async () => {
    const { status, body } = await call(daemon, id);
    assert.equal(status, 200);
    return !['queued', 'in_progress'].includes(body.status) && body;
  }, `${id} to end`);

const numbers = (events) => events.map(({ sequence_number }) => sequence_number);

describe('A background response', { concurrency: 2 }, () => {
  for (const transport of ['ws', 'http'])
    test(`IsAnsweredAtOnceAndPolledToItsEnd, account over ${transport}`, async (t) => {
      const { sim, daemon } = await gateway(t, { account: { transport } });
      const begun = await begin(daemon, { input: 'a story' });
      assert.deepEqual([begun.object, begun.status, begun.background], ['response', 'in_progress', true]);
      const { body: running } = await call(daemon, begun.id);
      assert.deepEqual([running.id, running.status, running.background], [begun.id, 'in_progress', true]);
      const done = await ended(daemon, begun.id);
      assert.deepEqual([done.id, done.status, done.background], [begun.id, 'completed', true]);
      assert.match(textOf(done), /^You said: a story/);
      const sent = sim.transcript().filter((entry) => JSON.stringify(entry).includes('a story'));
      assert.equal(sent.length > 0 && sent.every((entry) => !JSON.stringify(entry).includes('background')), true, 'it never goes up');
      const [row, ...more] = await daemon.usage(1);
      assert.deepEqual([row.request_type, row.stream, row.status, row.reason, more], ['sync', false, 'completed', '', []]);
      const next = await post(daemon, { model: 'sim-1', input: 'and then?', previous_response_id: begun.id });
      assert.equal((await next.json()).status, 'completed');
      if (transport === 'ws') assert.equal(sim.upgrades().length, 1, 'on the connection that it left');
    });

  test('IsStreamedFromTheStartAndCanBeResumedAtEveryCut', async (t) => {
    const { daemon } = await gateway(t);
    const { events, terminal, status } = await stream(daemon, kBase);
    assert.equal(status, 200);
    assert.equal(terminal.type, 'response.completed');
    const { id } = terminal.response;
    assert.deepEqual((await read(daemon, id)).events, events);
    for (const { sequence_number } of events) {
      const rest = await read(daemon, id, `&starting_after=${sequence_number}`);
      assert.equal(rest.status, 200);
      assert.deepEqual(rest.events, events.filter((event) => event.sequence_number > sequence_number));
    }
    for (const odd of ['1000', '-1', 'x']) {
      const { status: refused, error } = await read(daemon, id, `&starting_after=${odd}`);
      assert.deepEqual([refused, error.code, error.param], [400, 'invalid_request', 'starting_after']);
    }
    assert.equal((await ask(daemon, `${id}?stream=maybe`)).status, 400);
    const [row] = await daemon.usage(1);
    assert.deepEqual([row.request_type, row.stream], ['stream', true]);
  });

  test('OutlivesItsClientAndIsReadByTwoAtOnce', async (t) => {
    const { sim, daemon } = await gateway(t);
    const leaving = new AbortController();
    const answer = await post(daemon, { ...kBase, input: 'a story', stream: true }, { signal: leaving.signal });
    const piece = new TextDecoder().decode((await answer.body.getReader().read()).value);
    const { id } = JSON.parse(/^data: (.*)$/m.exec(piece)[1]).response;
    leaving.abort();
    const [one, two, late] = await Promise.all([read(daemon, id), read(daemon, id), read(daemon, id, '&starting_after=3')]);
    assert.equal(one.terminal.type, 'response.completed');
    assert.deepEqual(numbers(one.events), one.events.map((_, i) => i));
    assert.deepEqual(two.events, one.events);
    assert.deepEqual(late.events, one.events.slice(4));
    const [row, ...more] = await daemon.usage(1);
    assert.deepEqual([row.status, row.reason, more], ['completed', '', []]);
    assert.equal(sim.creates().length, 1);
  });

  test('RunsOnWhenNobodyWaitedForItsId', async (t) => {
    const { sim, daemon } = await gateway(t, { script: [{ do: { delay_ms: slowed(500) } }] });
    const leaving = new AbortController();
    const answer = post(daemon, kBase, { signal: leaving.signal });
    await waitFor(() => sim.creates().length === 1, 'its create');
    leaving.abort();
    await assert.rejects(answer);
    const [row] = await daemon.usage(1);
    assert.equal(row.status, 'completed');
  });

  test('IsAPlainRefusalBeforeItHasBegun', async (t) => {
    const error = { status: 400, code: 'invalid_prompt', type: 'invalid_request_error', message: 'No.' };
    const { sim, daemon } = await gateway(t, { script: [{ match: { input_contains: 'bad' }, do: { error } }] });
    for (const streams of [false, true]) {
      const answer = await post(daemon, { ...kBase, input: 'bad', stream: streams });
      assert.equal(answer.status, 400);
      assert.equal((await answer.json()).error.code, 'invalid_prompt');
    }
    const unstored = await post(daemon, { ...kBase, store: false });
    assert.equal(unstored.status, 400);
    assert.equal((await unstored.json()).error.param, 'background');
    assert.equal(sim.creates().length, 2);
    assert.equal((await begin(daemon, {})).object, 'response');
  });

  test('IsNumberedWhereItsUpstreamCountsBadly', async (t) => {
    const odd = (event) => ({ when: 'content:2', event });
    const events = [odd({ type: 'response.odd', sequence_number: 1 }), odd({ type: 'response.odd' }), odd({ type: 'response.odd', sequence_number: 'x' })];
    const { daemon } = await gateway(t, { script: [{ do: { events } }] });
    const whole = await stream(daemon, kBase);
    const all = numbers(whole.events);
    assert.equal(whole.events.filter(({ type }) => type === 'response.odd').length, 3);
    assert.ok(all.every((number, i) => i === 0 || number > all[i - 1]), all.join());
    const cut = all[Math.floor(all.length / 2)];
    const rest = whole.events.filter(({ sequence_number }) => sequence_number > cut);
    assert.deepEqual((await read(daemon, whole.terminal.response.id, `&starting_after=${cut}`)).events, rest);
  });
});

describe('Cancelling', { concurrency: 2 }, () => {
  for (const input of ['thinks', 'for ever'])
    test(`EndsAResponseThat ${input}`, async (t) => {
      const { sim, daemon } = await gateway(t);
      const { id } = await begin(daemon, { input });
      const reading = read(daemon, id);
      if (input === 'for ever') await waitFor(async () => (await sim.stats()).events > 10, 'content');
      const { status, body } = await cancel(daemon, id);
      assert.deepEqual([status, body.id, body.status, body.model], [200, id, 'cancelled', 'sim-1']);
      const { terminal } = await reading;
      assert.deepEqual([terminal.type, terminal.response.status], ['response.incomplete', 'cancelled']);
      assert.deepEqual((await cancel(daemon, id)).body, body, 'twice is fine');
      assert.deepEqual((await call(daemon, id)).body, body);
      const [row, ...more] = await daemon.usage(1);
      assert.deepEqual([row.status, row.request_type, more], ['cancelled', 'sync', []]);
      await waitFor(async () => (await daemon.status()).accounts[0].running === 0, 'its slot to be free');
      assert.equal((await ended(daemon, (await begin(daemon, {})).id)).status, 'completed');
    });

  test('IsWithoutEffectAfterTheEndAndNotForOthers', async (t) => {
    const { daemon } = await gateway(t);
    const done = await ended(daemon, (await begin(daemon, {})).id);
    assert.deepEqual(await cancel(daemon, done.id, { headers: { 'content-type': 'application/json' }, body: '{}' }), { status: 200, body: done });
    const foreground = await (await post(daemon, { model: 'sim-1', input: 'hello' })).json();
    await waitFor(async () => (await cancel(daemon, foreground.id)).status === 400, 'it to be known'); // after its end was told
    assert.equal((await cancel(daemon, 'resp_none')).status, 404);
  });
});

describe('What is kept', { concurrency: 2 }, () => {
  test('IsOfOneTenantAndUnknownToAllOthersInTheSameWords', async (t) => {
    const keys = ['a', 'b'].map((name) => ({ name, key: `tg-${name}-0123456789abcdef`, user: name }));
    const { daemon } = await gateway(t, { config: { users: [{ name: 'a' }, { name: 'b' }], keys } });
    const answer = await post(daemon, { ...kBase, input: 'a story' }, { key: keys[0].key });
    const { id } = await answer.json();
    const foreign = { key: keys[1].key };
    for (const unknown of [id, 'resp_none']) {
      const error = { message: `Response with id '${unknown}' not found.`, type: 'invalid_request_error', param: null, code: null };
      for (const told of [await call(daemon, unknown, foreign), await call(daemon, `${unknown}?stream=true`, foreign), await cancel(daemon, unknown, foreign), await remove(daemon, unknown, foreign)])
        assert.deepEqual(told, { status: 404, body: { error } });
    }
    assert.equal((await call(daemon, id, { key: 'nobody' })).status, 401);
    await waitFor(async () => (await call(daemon, id, { key: keys[0].key })).body.status === 'completed', 'its end');
  });

  test('IsForgottenWithItsParenthoodWhenItIsDeleted', async (t) => {
    const { sim, daemon } = await gateway(t);
    const done = await ended(daemon, (await begin(daemon, {})).id);
    const running = await begin(daemon, { input: 'for ever' });
    for (const { id } of [done, running]) {
      assert.deepEqual(await remove(daemon, id), { status: 200, body: { id, object: 'response.deleted', deleted: true } });
      assert.equal((await call(daemon, id)).status, 404);
      assert.equal((await remove(daemon, id)).status, 404);
      const next = await post(daemon, { model: 'sim-1', input: 'more', previous_response_id: id });
      assert.equal((await next.json()).error.code, 'previous_response_not_found');
    }
    const rows = await daemon.usage(2);
    assert.deepEqual(rows.map(({ status }) => status), ['completed', 'cancelled']);
    assert.equal(sim.creates().length, 2);
  });

  test('IsItsAccountsToTellAfterItsTime', async (t) => {
    const { daemon } = await gateway(t, { config: { background: { keep: '300ms' } } });
    const { id } = await begin(daemon, {});
    await waitFor(async () => (await read(daemon, id)).status === 400, 'its events to be gone');
    const { status, body } = await call(daemon, id);
    assert.deepEqual([status, body.id, body.status], [200, id, 'completed']);
    const next = await post(daemon, { model: 'sim-1', input: 'more', previous_response_id: id });
    assert.equal(next.status, 200, 'it can be gone on from all the same');
  });

  for (const [limit, background] of [['OfOneResponse', { max_log: '4KiB' }], ['OfAll', { max_total: '4KiB' }]])
    test(`BeyondTheLimit${limit}IsTheObject`, async (t) => {
      const { daemon } = await gateway(t, { config: { background } });
      const whole = await stream(daemon, { ...kBase, input: 'a story' });
      assert.equal(whole.terminal.type, 'response.completed', 'who reads it then gets it whole');
      assert.deepEqual(numbers(whole.events), whole.events.map((_, i) => i));
      const { id } = whole.terminal.response;
      const { status, error } = await read(daemon, id);
      assert.deepEqual([status, error.code], [400, 'invalid_request']);
      assert.equal((await call(daemon, id)).body.status, 'completed');
      assert.equal(await daemon.metric('turngate_background_overflows_total'), 1);
    });

  test('DoesNotSurviveAKillAndTheBillDoes', async (t) => {
    const { sim, daemon } = await gateway(t);
    const done = await ended(daemon, (await begin(daemon, {})).id);
    await daemon.stop('SIGKILL');
    const again = await startDaemon(t, { directory: daemon.home, upstream: sim });
    assert.equal((await call(again, done.id)).status, 404);
    assert.equal((await again.usage(1)).length, 1);
  });
});

describe('An upstream that is lost', { concurrency: 2 }, () => {
  const lost = (when, more = {}) => ({ script: [{ times: 1, do: { fault: { kind: 'reset', when, ...more } } }], deltaIntervalUs: 20_000 });

  test('BeforeTheIdIsToldIsMendedUnseen', async (t) => {
    const { sim, daemon } = await gateway(t, lost('created'));
    const done = await ended(daemon, (await begin(daemon, {})).id);
    assert.equal(done.status, 'completed');
    assert.equal(sim.creates().length, 2);
  });

  test('AfterThatIsMendedUnderBothIds', async (t) => {
    const { daemon } = await gateway(t, { ...lost('created', { delay_ms: slowed(300) }), config: { relay: { hold_lifecycle: '0ms' } } });
    const first = await begin(daemon, {});
    const done = await ended(daemon, first.id);
    assert.equal(done.status, 'completed');
    assert.notEqual(done.id, first.id);
    assert.deepEqual((await call(daemon, done.id)).body, done);
    const { events, terminal } = await read(daemon, first.id);
    assert.equal(events[0].response.id, done.id, 'of the first nobody has seen an event');
    assert.equal(terminal.type, 'response.completed');
    assert.equal((await daemon.usage(1)).filter(({ status }) => status === 'completed').length, 1);
  });

  test('AfterContentThatNobodyHasSeenIsMended', async (t) => {
    const { sim, daemon } = await gateway(t, lost('content:2'));
    const done = await ended(daemon, (await begin(daemon, {})).id);
    assert.equal(done.status, 'completed');
    assert.match(textOf(done), /^You said: hello/);
    const { events } = await read(daemon, done.id);
    assert.equal(events.filter(({ type }) => type === 'response.created').length, 1);
    assert.equal(sim.creates().length, 2);
    const rows = await daemon.usage(2);
    assert.deepEqual(rows.map(({ status }) => status).sort(), ['aborted', 'completed']);
  });

  test('AfterContentThatSomebodyHasSeenIsTold', async (t) => {
    const { sim, daemon } = await gateway(t, lost('content:2'));
    const { terminal } = await stream(daemon, kBase);
    assert.equal(terminal.type, 'response.failed');
    assert.deepEqual([terminal.response.status, terminal.response.error.code, terminal.response.model], ['failed', 'upstream_disconnected', 'sim-1']);
    assert.deepEqual((await call(daemon, terminal.response.id)).body, terminal.response);
    assert.equal(sim.creates().length, 1);
    assert.equal((await daemon.usage(1)).length, 1);
  });
});

describe('A background turn', { concurrency: 2 }, () => {
  test('IsWaitedForByADrainAndBilled', async (t) => {
    const { sim, daemon } = await gateway(t);
    const { id } = await begin(daemon, { input: 'a story' });
    const reading = await ask(daemon, `${id}?stream=true`); // whoever comes later is refused
    await waitFor(async () => (await sim.stats()).events > 5, 'content');
    daemon.signal('SIGTERM');
    assert.equal(eventsOf(await reading.text()).at(-1).type, 'response.completed');
    assert.equal(await daemon.stop(), 0);
    assert.equal((await sim.stats()).responses.completed, 1);
    const again = await startDaemon(t, { directory: daemon.home, upstream: sim });
    const rows = await again.usage(1);
    assert.deepEqual(rows.map(({ status }) => status), ['completed']);
  });

  test('HasItsEndAtTheDeadline', async (t) => {
    const { daemon } = await gateway(t, { config: { http: { background_timeout: `${slowed(500)}ms` } } });
    const whole = await stream(daemon, { ...kBase, input: 'for ever' });
    assert.deepEqual([whole.terminal.type, whole.terminal.response.status], ['response.incomplete', 'incomplete']);
    assert.deepEqual(whole.terminal.response.incomplete_details, { reason: 'interrupted' });
    assert.equal((await daemon.usage(1)).length, 1);
    assert.equal((await ended(daemon, (await begin(daemon, {})).id)).status, 'completed');
  });

  test('CanBeGoneOnFromOverAWebSocket', async (t) => {
    const { daemon } = await gateway(t);
    const done = await ended(daemon, (await begin(daemon, {})).id);
    const client = await connect(t, daemon.wsUrl);
    const { terminal } = await client.turn({ model: 'sim-1', input: 'and now?', previous_response_id: done.id });
    assert.equal(terminal.type, 'response.completed');
  });
});
