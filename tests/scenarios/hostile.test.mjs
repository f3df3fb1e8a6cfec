import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { makeCertificate } from './lib/certificate.mjs';
import { connect, refusal } from './lib/client.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { binary, temporaryDirectory } from './lib/place.mjs';
import { frame, Opcode, rawConnect } from './lib/raw.mjs';
import { atEnd } from './lib/scope.mjs';
import { startSim } from './lib/sim.mjs';
import { waitFor } from './lib/wait.mjs';

// behaviour.md sections 1 and 2: hostile and clumsy clients cost what their limits say, and nobody else notices.

const kKiB = 1 << 10;

const scope = { after };
const sim = await startSim(scope, {
  script: [{ match: { input_contains: 'never end' }, do: { fault: { kind: 'hang', when: 'content:2' } } }],
});

const gateway = (t, config = {}, options = {}) => startDaemon(t, { upstream: sim, config, ...options });

async function assertServes(client, input = 'hello') {
  assert.equal((await client.turn({ model: 'sim-1', input })).terminal.type, 'response.completed');
}

// Sockets that never ask for anything, and how many of them are open yet.
async function silentSockets(t, daemon, count) {
  const all = [];
  for (let i = 0; i < count; ++i) all.push(await rawConnect(t, daemon));
  return { all, open: () => all.filter((raw) => !raw.isEnded).length, leave: () => all.forEach((raw) => raw.socket.destroy()) };
}

async function upgraded(t, daemon) {
  const raw = await rawConnect(t, daemon);
  assert.equal((await raw.upgrade()).status, 101);
  return raw;
}

// A create of about so many bytes, as a frame.
const createFrame = (bytes) =>
  frame(Opcode.text, JSON.stringify({ type: 'response.create', model: 'sim-1', input: 'x'.repeat(bytes) }));

function assertToldToComeLater(event) {
  assert.equal(event.type, 'error');
  assert.equal(event.status, 429);
  assert.equal(event.error.code, 'rate_limit_exceeded');
  assert.ok(Number(event.headers['retry-after']) > 0);
}

test('SilentSocketsOfOneAddressAreCountedFromTheirFirstMomentOn', async (t) => {
  const daemon = await gateway(t, { limits: { sockets_per_ip: 20 } });
  const served = await connect(t, daemon.wsUrl);
  const silent = await silentSockets(t, daemon, 100);
  await waitFor(() => silent.open() === 19, 'all but 19 to be closed');
  const refused = await refusal(t, daemon.wsUrl);
  assert.equal(refused.status, 429);
  assert.equal(refused.error.code, 'rate_limit_exceeded');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  await assertServes(served);
  silent.leave();
  await waitFor(() => connect(t, daemon.wsUrl), 'room for others');
});

test('TheProcessHasALimitOfSocketsWhoeverTheyAre', async (t) => {
  const daemon = await gateway(t, { server: { trusted_proxies: ['127.0.0.1'] }, limits: { sockets: 10, sockets_per_ip: 5 } });
  const silent = await silentSockets(t, daemon, 60); // a proxy's have no address yet
  await waitFor(() => silent.open() === 10, 'all but 10 to be closed');
  assert.equal((await refusal(t, daemon.wsUrl)).status, 429);
});

// The gateway with so many descriptors and no more.
async function withDescriptors(t, count, start) {
  const directory = await temporaryDirectory(t);
  const program = binary('turngate');
  writeFileSync(join(directory, 'turngate'), `#!/bin/sh\nulimit -n ${count}\nexec ${program} "$@"\n`);
  chmodSync(join(directory, 'turngate'), 0o755);
  const before = process.env.TURNGATE_BIN;
  process.env.TURNGATE_BIN = directory;
  const started = start(); // reads it at once
  try {
    return await started;
  } finally {
    if (before === undefined) delete process.env.TURNGATE_BIN;
    else process.env.TURNGATE_BIN = before;
  }
}

test('WhenDescriptorsRunOutTurnsStillReachTheirAccounts', async (t) => {
  const daemon = await withDescriptors(t, 160, () => gateway(t, { pool: { park_ttl: '0s' } }));
  const clients = [];
  for (let i = 0; i < 5; ++i) clients.push(await connect(t, daemon.wsUrl));
  const silent = await silentSockets(t, daemon, 200);
  await waitFor(() => silent.open() < 100, 'most to be closed');
  for (const client of clients) await assertServes(client); // each dials anew
  assert.equal(daemon.logged('dial failed').length, 0);
  silent.leave();
  await assertServes(await waitFor(() => connect(t, daemon.wsUrl), 'room for others'));
  const [account] = (await daemon.status()).accounts;
  assert.notEqual(account.breaker?.state ?? account.breaker, 'open');
});

test('AMessageThatIsNeverWholeEndsItsSocketAlone', async (t) => {
  const daemon = await gateway(t, { limits: { message_timeout: '400ms' } });
  const other = await connect(t, daemon.wsUrl);
  const unfinished = [
    createFrame(10_000).subarray(0, 5_000),
    createFrame(10_000).subarray(0, 3),
    frame(Opcode.text, '{"type":"response.create"', { fin: false }),
  ];
  for (const bytes of unfinished) {
    const raw = await upgraded(t, daemon);
    raw.send(bytes);
    assert.equal((await raw.readClose()).code, 1008);
  }
  const trickling = await upgraded(t, daemon);
  trickling.send(frame(Opcode.text, '{', { fin: false }));
  const timer = setInterval(() => trickling.send(frame(Opcode.continuation, ' ', { fin: false })), 50);
  atEnd(t, () => clearInterval(timer));
  assert.equal((await trickling.readClose()).code, 1008);
  await assertServes(other);
});

test('UnfinishedMessagesHaveABudgetTogether', async (t) => {
  const daemon = await gateway(t, { limits: { waiting_total: '1MiB' } });
  const whole = createFrame(700 * kKiB);
  const first = await upgraded(t, daemon);
  first.send(whole.subarray(0, 600 * kKiB));
  await waitFor(() => first.socket.writableLength === 0, 'it to be sent');
  const second = await upgraded(t, daemon);
  second.send(frame(Opcode.text, 'y'.repeat(600 * kKiB), { fin: false }));
  assertToldToComeLater(await second.readEvent());
  assert.equal((await second.readClose()).code, 1013);

  const small = await connect(t, daemon.wsUrl);
  await assertServes(small); // needs nothing of it
  first.send(whole.subarray(600 * kKiB));
  assert.equal((await first.readEvent()).type, 'response.created');
  await assertServes(small, 'z'.repeat(600 * kKiB)); // the budget is whole again
});

test('WaitingCreatesHaveABudgetAndTheSocketStays', async (t) => {
  const daemon = await gateway(t, { limits: { waiting_per_session: '300KiB', waiting_total: '500KiB' } });
  const [one, two] = [await connect(t, daemon.wsUrl), await connect(t, daemon.wsUrl)];
  const big = (lane) => ({ model: 'sim-1', input: 'x'.repeat(200 * kKiB), stream_id: lane });
  const busy = async (client) => {
    client.create({ model: 'sim-1', input: 'never end', stream_id: 'busy' });
    await client.next('response.output_text.delta');
  };
  await busy(one);
  await busy(two);
  one.create(big('busy')); // waits
  one.create(big('busy')); // beyond what its session may
  assertToldToComeLater(await one.next('error'));
  two.create(big('busy'));
  two.create({ ...big('busy'), input: 'x'.repeat(50 * kKiB) });
  for (const client of [two, one]) // begins at once: it does not wait
    assert.equal((await client.turn(big('idle'))).terminal.type, 'response.completed');
  one.create({ ...big('busy'), input: 'x'.repeat(50 * kKiB) }); // beyond what all may
  assertToldToComeLater(await one.next('error'));
  one.drop();
  await daemon.loggedOnce('session ended');
  two.create({ ...big('busy'), input: 'x'.repeat(25 * kKiB) }); // what the other held is free
  await assertServes(two);
  assert.ok(!two.unread().some((event) => event.type === 'error'));
});

test('ANewCertificateIsForNewConnectionsAndABrokenOneForNobody', async (t) => {
  const [first, second] = [await makeCertificate(t), await makeCertificate(t)];
  const directory = await temporaryDirectory(t);
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  const install = ({ cert, key }) => (copyFileSync(cert, files.cert), copyFileSync(key, files.key));
  install(first);
  const daemon = await gateway(t, { server: { tls: files } });
  const old = await connect(t, daemon.wsUrl, { ca: first.ca });

  install(second);
  daemon.signal('SIGHUP');
  await daemon.loggedOnce('reloaded');
  await waitFor(() => connect(t, daemon.wsUrl, { ca: second.ca }), 'the new certificate');
  await assert.rejects(connect(t, daemon.wsUrl, { ca: first.ca }), /certificate/);
  await assertServes(old);

  copyFileSync(first.key, files.key); // does not belong to the certificate
  daemon.signal('SIGHUP');
  const complaint = await daemon.loggedOnce('not reloaded');
  assert.match(complaint.complaint, /mismatch|does not belong/);
  writeFileSync(files.cert, 'no certificate');
  daemon.signal('SIGHUP');
  await waitFor(() => daemon.logged('not reloaded').length === 2, 'a second complaint');
  await assertServes(await connect(t, daemon.wsUrl, { ca: second.ca }));
});

test('TlsHandshakesThatNeverEndAreCountedToo', async (t) => {
  const certificate = await makeCertificate(t);
  const { cert, key } = certificate;
  const daemon = await gateway(t, { server: { tls: { cert, key } }, limits: { sockets_per_ip: 3 } });
  const silent = await silentSockets(t, daemon, 50);
  await waitFor(() => silent.open() <= 3, 'all but 3 to be closed');
  silent.leave();
  await assertServes(await waitFor(() => connect(t, daemon.wsUrl, { ca: certificate.ca }), 'room for others'));
});
