import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { connect, refusal } from './lib/client.mjs';
import { kKey, startDaemon } from './lib/daemon.mjs';
import { temporaryDirectory } from './lib/place.mjs';
import { rawConnect } from './lib/raw.mjs';
import { startSim } from './lib/sim.mjs';

// behaviour.md section 1: who comes in, and what the others are told.

async function gateway(t, config = {}) {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, { upstream: sim, config });
  return { sim, daemon };
}

async function http(t, daemon, lines) {
  const raw = await rawConnect(t, daemon);
  return raw.request(lines);
}

test('APlainGetIsToldToUpgrade', async (t) => {
  const { daemon } = await gateway(t);
  for (const path of ['/v1/responses', '/responses', '/v1/responses?x=1']) {
    const answer = await fetch(`http://${daemon.address}${path}`);
    assert.equal(answer.status, 426);
    assert.equal(answer.headers.get('upgrade'), 'websocket');
    assert.equal((await answer.json()).error.code, 'upgrade_required');
  }
  assert.equal((await fetch(`http://${daemon.address}/v1/responses`, { method: 'HEAD' })).status, 200);
  assert.equal((await fetch(`http://${daemon.address}/v1/responses`, { method: 'POST', body: '{}' })).status, 401);
  assert.equal((await fetch(`http://${daemon.address}/v1/responses`, { method: 'PUT', body: '{}' })).status, 405);
  assert.equal((await fetch(`http://${daemon.address}/v1/models`)).status, 401);
  assert.equal((await fetch(`http://${daemon.address}/v1/files`)).status, 404);
});

test('KeysComeInThreeHeadersAndNeverInTheUrl', async (t) => {
  const { daemon } = await gateway(t);
  for (const headers of [{ authorization: `Bearer ${kKey}` }, { authorization: `bearer ${kKey}` }, { 'x-api-key': kKey }, { 'api-key': kKey }]) {
    const client = await connect(t, daemon.wsUrl, { key: null, headers });
    assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
    await client.close();
  }
  for (const query of [`?api_key=${kKey}`, `?key=${kKey}`, `?a=b&access_token=${kKey}`]) {
    const refused = await refusal(t, daemon.wsUrl + query);
    assert.equal(refused.status, 400);
    assert.equal(refused.error.code, 'key_in_query');
  }
});

test('MissingAndUnknownKeysAre401', async (t) => {
  const { sim, daemon } = await gateway(t);
  for (const key of [null, 'wrong', kKey + 'x', kKey.slice(0, -1)]) {
    const refused = await refusal(t, daemon.wsUrl, { key });
    assert.equal(refused.status, 401);
    assert.equal(refused.error.type, 'authentication_error');
  }
  assert.equal(sim.upgrades().length, 0);
  assert.ok(!daemon.program.err.includes(kKey), 'the key is not in the log');
});

test('AKeyGivenAsItsHashWorks', async (t) => {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256').update('a-secret-nobody-wrote-down').digest('hex');
  const { daemon } = await gateway(t, { keys: [{ name: 'hashed', key: `sha256:${hash}` }] });
  const client = await connect(t, daemon.wsUrl, { key: 'a-secret-nobody-wrote-down' });
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
  assert.equal((await refusal(t, daemon.wsUrl, { key: hash })).status, 401);
});

test('AddressesAreCheckedBehindTrustedProxiesOnly', async (t) => {
  const keys = [{ name: 'dev', key: kKey, allow_ips: ['203.0.113.0/24'] }];
  const { daemon } = await gateway(t, { server: { trusted_proxies: ['127.0.0.1'] }, keys });
  const from = (chain) => ({ headers: { 'x-forwarded-for': chain } });
  assert.equal((await refusal(t, daemon.wsUrl)).status, 403);
  assert.equal((await refusal(t, daemon.wsUrl, from('203.0.113.5, 198.51.100.1'))).status, 403);
  const client = await connect(t, daemon.wsUrl, from('198.51.100.1, 203.0.113.5'));
  await client.turn({ model: 'sim-1', input: 'x' });
  assert.equal((await daemon.usage(1))[0].client_ip, '203.0.113.5');

  const untrusting = await gateway(t, { keys });
  assert.equal((await refusal(t, untrusting.daemon.wsUrl, from('203.0.113.5'))).status, 403);
});

test('AnAddressIsTheSameHoweverAProxySpellsIt', async (t) => {
  const { daemon } = await gateway(t, {
    server: { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'] },
    keys: [{ name: 'dev', key: kKey, allow_ips: ['192.0.2.7', '2001:db8::7'] }],
    limits: { sockets_per_ip: 1 },
  });
  for (const [entry, address] of [
    ['192.0.2.7:51008', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['6.6.6.6, 192.0.2.7:80, 10.0.0.2:443', '192.0.2.7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:DB8::7]:443', '2001:db8::7'],
  ]) {
    const headers = { 'x-forwarded-for': entry };
    const client = await connect(t, daemon.wsUrl, { headers });
    assert.equal((await refusal(t, daemon.wsUrl, { headers: { 'x-forwarded-for': address } })).status, 429, entry);
    await client.close();
    await daemon.metricOnce('turngate_sessions', (open) => open === 0);
    assert.equal(daemon.logged('session begun').at(-1).client, address);
  }
});

test('ClientsOfAProxyOnAUnixListenerHaveTheirOwnAddresses', async (t) => {
  const path = join(await temporaryDirectory(t), 'listen.sock');
  const limits = { sockets_per_ip: 1 };
  const { daemon } = await gateway(t, { server: { listen: ['127.0.0.1:0', `unix:${path}`], trusted_proxies: ['unix'] }, limits });
  const url = `ws+unix://${path}:/v1/responses`;
  const from = (address) => ({ headers: { 'x-forwarded-for': address } });
  const one = await connect(t, url, from('192.0.2.7:4711'));
  await connect(t, url, from('192.0.2.8'));
  assert.equal((await refusal(t, url, from('192.0.2.7'))).status, 429);
  await one.turn({ model: 'sim-1', input: 'x' });
  assert.equal((await daemon.usage(1))[0].client_ip, '192.0.2.7');
  const direct = await connect(t, daemon.wsUrl, from('192.0.2.7')); // is not believed
  await direct.turn({ model: 'sim-1', input: 'x' });
  assert.equal((await daemon.usage(2))[1].client_ip, '127.0.0.1');
});

test('AListenersNameIsAllItsAddresses', async (t) => {
  const { daemon } = await gateway(t, { server: { listen: 'localhost:0' } });
  const addresses = daemon.logged('listening').map((line) => line.address);
  const families = (await lookup('localhost', { all: true })).map(({ family }) => family);
  const speaksV6 = Object.values(networkInterfaces()).flat().some(({ address }) => address === '::1');
  assert.equal(addresses.some((address) => address.startsWith('127.0.0.1:')), families.includes(4));
  assert.equal(addresses.some((address) => address.startsWith('[::1]:')), families.includes(6) && speaksV6);
  for (const address of addresses) {
    const client = await connect(t, `ws://${address}/v1/responses`);
    assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
  }
});

test('AGroupWithModeOffIsSentToHttp', async (t) => {
  const { daemon } = await gateway(t, { groups: [{ name: 'default', mode: 'off' }] });
  assert.equal((await refusal(t, daemon.wsUrl)).status, 426);
});

test('AGroupWithoutAccountsIs503WithRetryAfter', async (t) => {
  const sim = await startSim(t);
  const groups = [{ name: 'default' }, { name: 'empty' }];
  const users = [{ name: 'u' }];
  const keys = [{ name: 'dev', key: kKey, user: 'u', group: 'empty' }];
  const daemon = await startDaemon(t, { upstream: sim, config: { groups, users, keys } });
  const refused = await refusal(t, daemon.wsUrl);
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers['retry-after']) > 0);
});

test('SocketsOfAKeyAreLimitedWithRetryAfter', async (t) => {
  const { daemon } = await gateway(t, { limits: { sockets_per_key: 2 } });
  const first = await connect(t, daemon.wsUrl);
  await connect(t, daemon.wsUrl);
  const refused = await refusal(t, daemon.wsUrl);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal(refused.error.code, 'rate_limit_exceeded');
  await first.close();
  await daemon.loggedOnce('session ended');
  await connect(t, daemon.wsUrl);
});

test('OnlyWhatMayGoUpGoesUp', async (t) => {
  const sim = await startSim(t);
  const daemon = await startDaemon(t, {
    upstream: sim,
    config: { accounts: [{ name: 'sim', base_url: sim.url, api_key: sim.key, forward_headers: ['x-extra'] }] },
  });
  const headers = {
    'user-agent': 'codex_exec/0.169.0',
    originator: 'codex_exec',
    'openai-beta': 'responses_websockets=2026-02-06',
    'session-id': 's-1',
    'thread-id': 't-1',
    'x-client-request-id': 'r-1',
    'x-codex-turn-metadata': '{"a":1}',
    'x-grok-conv-id': 'g-1',
    'x-extra': 'e-1',
    cookie: 'secret=1',
    'x-forwarded-for': '203.0.113.9',
    forwarded: 'for=203.0.113.9',
    'x-api-key': 'not-this-one',
    'x-something': 'else',
    'openai-organization': 'org-client',
  };
  const client = await connect(t, daemon.wsUrl, { headers });
  await client.turn({ model: 'sim-1', input: 'x' });
  const sent = Object.fromEntries(sim.upgrades()[0].upgrade.headers.map(([name, value]) => [name.toLowerCase(), value]));
  for (const name of ['user-agent', 'originator', 'openai-beta', 'session-id', 'thread-id', 'x-client-request-id', 'x-codex-turn-metadata', 'x-grok-conv-id', 'x-extra'])
    assert.equal(sent[name], headers[name], name);
  for (const name of ['cookie', 'x-forwarded-for', 'forwarded', 'x-api-key', 'x-something', 'openai-organization'])
    assert.equal(sent[name], undefined, name);
  assert.ok(sent.authorization.endsWith(sim.key.slice(-4)), "the account's key, not the client's");
  assert.equal(client.headers['openai-model'], undefined);
});

test('ABadUpgradeIs400AndNamesTheVersion', async (t) => {
  const { daemon } = await gateway(t);
  const raw = await rawConnect(t, daemon);
  const answer = await raw.upgrade({ headers: { 'Sec-WebSocket-Version': '8' } });
  assert.equal(answer.status, 400);
  assert.equal(answer.headers['sec-websocket-version'], '13');
});

test('HeadersBeyond16KiBAreRefusedAndASilentHandshakeEnds', async (t) => {
  const { daemon } = await gateway(t, { limits: { handshake_timeout: '300ms' } });
  const answer = await http(t, daemon, ['GET /v1/responses HTTP/1.1', 'Host: x', `X-Big: ${'x'.repeat(20_000)}`]);
  assert.equal(answer.status, 431);
  const silent = await rawConnect(t, daemon);
  silent.send('GET /v1/resp');
  await silent.end();
});

test('NoCreateInTimeIs1008AndIdleIs1001', async (t) => {
  const { daemon } = await gateway(t, { limits: { first_create: '300ms', idle: '300ms' } });
  const silent = await connect(t, daemon.wsUrl);
  assert.equal((await silent.closed()).code, 1008);
  const idle = await connect(t, daemon.wsUrl);
  await idle.turn({ model: 'sim-1', input: 'x' });
  assert.equal((await idle.closed()).code, 1001);
});

test('ClientsArePingedAndADeadOneIsDropped', async (t) => {
  const { daemon } = await gateway(t, { pool: { ping_interval: '200ms' } });
  const client = await connect(t, daemon.wsUrl);
  const raw = await rawConnect(t, daemon);
  await raw.upgrade(); // answers no ping
  await raw.end();
  const ended = await daemon.loggedOnce('session ended');
  assert.equal(ended.by, 'silent');
  assert.ok(client.pings > 0);
  assert.equal((await client.turn({ model: 'sim-1', input: 'x' })).terminal.type, 'response.completed');
});
