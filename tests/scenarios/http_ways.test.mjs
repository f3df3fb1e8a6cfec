import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { makeCertificate } from './lib/certificate.mjs';
import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { post, stream } from './lib/http.mjs';
import { startProxy } from './lib/proxy.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// How an account is reached over HTTP (http.md section 6): TLS, proxies, and creates that are too large for a WebSocket.

const kBase = { model: 'sim-1', input: 'hello' };
const kOneLoop = { server: { threads: 1 } };

// Turns of both kinds of clients, one after the other.
async function assertAnswers(t, daemon) {
  assert.equal((await stream(daemon, kBase)).terminal?.type, 'response.completed');
  assert.equal((await post(daemon, kBase)).status, 200);
  const client = await connect(t, daemon.wsUrl);
  assert.equal((await client.turn({ ...kBase })).terminal.type, 'response.completed');
  const rows = await daemon.usage(3);
  assert.ok(rows.every(({ upstream_transport }) => upstream_transport === 'http'), JSON.stringify(rows));
}

describe('TLS before an account over HTTP', { concurrency: 2 }, () => {
  async function secure(t, { trusts }) {
    const { cert, key } = await makeCertificate(t);
    const sim = await startSim(t, { websocket: 'off', tlsCert: cert, tlsKey: key });
    const config = { ...kOneLoop, accounts: [accountOf(sim, { transport: 'http' })] };
    return { sim, daemon: await startDaemon(t, { config, env: trusts ? { SSL_CERT_FILE: cert } : {} }) };
  }

  test('IsSpokenAndTheConnectionKept', async (t) => {
    const { sim, daemon } = await secure(t, { trusts: true });
    await assertAnswers(t, daemon);
    assert.equal(new Set(sim.creates().map(({ connection }) => connection)).size, 1);
  });

  test('ThatNobodyVouchesForIsAFailedDial', async (t) => {
    const { sim, daemon } = await secure(t, { trusts: false });
    const refused = await post(daemon, kBase);
    assert.equal(refused.status, 502);
    assert.equal((await refused.json()).error.code, 'upstream_disconnected');
    assert.equal(refused.headers.get('x-should-retry'), null, 'nothing was executed');
    assert.equal(sim.creates().length, 0);
  });
});

describe('A proxy before an account over HTTP', { concurrency: 2 }, () => {
  test('IsAskedForATunnelOnceForAConnection', async (t) => {
    const [sim, proxy] = await Promise.all([startSim(t, { websocket: 'off' }), startProxy(t, { credentials: 'me:secret' })]);
    const config = { ...kOneLoop, accounts: [accountOf(sim, { transport: 'http', proxy: proxy.url })] };
    const daemon = await startDaemon(t, { config });
    await assertAnswers(t, daemon);
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    assert.deepEqual(proxy.asked, [{ target: sim.address, authorization }]);
    const [{ request }] = sim.transcript().filter((line) => line.request);
    assert.equal(request.headers.some(([name]) => name.startsWith('proxy-')), false);
    assert.ok(request.headers.some(([name, value]) => name === 'host' && value === sim.address));
  });

  test('HasTlsThroughItsTunnel', async (t) => {
    const { cert, key } = await makeCertificate(t);
    const sim = await startSim(t, { websocket: 'off', tlsCert: cert, tlsKey: key });
    const proxy = await startProxy(t);
    const config = { ...kOneLoop, accounts: [accountOf(sim, { transport: 'http', proxy: proxy.url })] };
    const daemon = await startDaemon(t, { config, env: { SSL_CERT_FILE: cert } });
    await assertAnswers(t, daemon);
    assert.deepEqual(proxy.asked, [{ target: sim.address, authorization: undefined }]);
  });

  test('ThatRefusesIsAFailedDialSoAnotherAccountAnswers', async (t) => {
    const [sim, proxy] = await Promise.all([startSim(t, { websocket: 'off' }), startProxy(t, { credentials: 'me:secret' })]);
    const wrong = proxy.url.replace('secret', 'wrong');
    const accounts = [
      accountOf(sim, { name: 'behind', transport: 'http', proxy: wrong, priority: 1 }),
      accountOf(sim, { name: 'direct', transport: 'http', priority: 2 }),
    ];
    const daemon = await startDaemon(t, { config: { ...kOneLoop, accounts } });
    assert.equal((await stream(daemon, kBase)).terminal?.type, 'response.completed');
    assert.ok(proxy.asked.length >= 1);
    const rows = await daemon.usage(1);
    assert.deepEqual(rows.map(({ account }) => account), ['direct']);
  });
});

describe('A create that is too large for a WebSocket', { concurrency: 1 }, () => {
  const kMiB = 1 << 20;
  const limits = { max_client_message: '64MiB', max_request_body: '64MiB' };
  const continuity = { chain_max_per_session: '64MiB' };
  const text = (bytes) => 'x'.repeat(bytes);

  async function gateway(t, account) {
    const sim = await startSim(t);
    const config = { ...kOneLoop, limits, continuity, accounts: [accountOf(sim, account)] };
    return { sim, daemon: await startDaemon(t, { config }) };
  }

  test('GoesByHttpWhereTheAccountHasIt', async (t) => {
    const { sim, daemon } = await gateway(t, { kind: 'openai' });
    const answer = await post(daemon, { ...kBase, input: text(17 * kMiB) });
    assert.equal(answer.status, 200, await answer.clone().text());
    const client = await connect(t, daemon.wsUrl);
    assert.equal((await client.turn({ ...kBase, input: text(17 * kMiB) })).terminal.type, 'response.completed');
    assert.equal((await client.turn({ ...kBase })).terminal.type, 'response.completed');
    const rows = await daemon.usage(3);
    assert.deepEqual(rows.map(({ upstream_transport, request_type }) => [request_type, upstream_transport]), [
      ['sync', 'http'],
      ['ws_v2', 'http'],
      ['ws_v2', 'ws'],
    ]);
    assert.deepEqual(sim.ends().filter(({ end }) => end.code === 1009), [], 'it was never found out by a close');
  });

  test('IsRefusedWhereItHasNot', async (t) => {
    const { daemon } = await gateway(t, { kind: 'custom', transport: 'ws', stores: true });
    const answer = await post(daemon, { ...kBase, input: text(17 * kMiB) });
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).error.code, 'request_too_large');
    const client = await connect(t, daemon.wsUrl);
    const { error } = await client.turn({ ...kBase, input: text(17 * kMiB) });
    assert.equal(error.code, 'request_too_large');
    assert.equal((await client.turn({ ...kBase })).terminal.type, 'response.completed', 'the socket stays');
  });

  // What it is after edits: the whole context, where the client sent its last part.
  test('MayBeSoBecauseOfItsContext', async (t) => {
    const { sim, daemon } = await gateway(t, { kind: 'openai' });
    const rebuilt = async (second) => {
      const client = await connect(t, daemon.wsUrl);
      const first = await client.turn({ ...kBase, input: [{ role: 'user', content: text(9 * kMiB) }], store: false });
      await sim.reset('all');
      await waitFor(async () => (await daemon.status()).accounts[0].connections === 0, 'the loss to be seen');
      return client.turn({ ...kBase, input: [{ role: 'user', content: text(second) }], store: false, previous_response_id: first.terminal.response.id });
    };
    const whole = await rebuilt(7 * kMiB - 32 * 1024);
    assert.equal(whole.terminal.type, 'response.completed', JSON.stringify(whole.error));
    assert.equal((await daemon.usage(2)).at(-1).upstream_transport, 'http');
    const body = sim.creates().at(-1).event;
    assert.deepEqual(body.input.map(({ role }) => role), ['user', 'assistant', 'user']);
    const tooMuch = await rebuilt(8 * kMiB);
    assert.equal(tooMuch.error?.code, 'previous_response_not_found', 'more than a message may have');
    assert.deepEqual(sim.ends().filter(({ end }) => end.code === 1009), []);
  });
});
