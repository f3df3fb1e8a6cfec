import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { makeCertificate } from './lib/certificate.mjs';
import { connect } from './lib/client.mjs';
import { accountOf, kKey, startDaemon } from './lib/daemon.mjs';
import { eventsOf } from './lib/http.mjs';
import { kRoot, temporaryDirectory } from './lib/place.mjs';
import { Program } from './lib/program.mjs';
import { atEnd } from './lib/scope.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// The files of deploy/balancers as they are, but for addresses and certificates, before two gateways (http.md section 8.7).

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const fileOf = (name) => readFile(join(kRoot, 'deploy/balancers', name), 'utf8');

// What stands in the file must stand there, so that what is tested is the file.
function replace(text, pairs) {
  for (const [what, by] of pairs) {
    assert.ok(text.includes(what), what);
    text = text.replaceAll(what, by);
  }
  return text;
}

const kBalancers = {
  nginx: async (home, port, gateways, certificate) => {
    const servers = replace(await fileOf('nginx.conf'), [
      ['10.0.0.1:8080', gateways[0].address],
      ['10.0.0.2:8080', gateways[1].address],
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['/etc/nginx/turngate.pem', certificate.cert],
      ['/etc/nginx/turngate.key', certificate.key],
    ]);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${home}/${what};`);
    const file = join(home, 'nginx.conf');
    await writeFile(file, `user root; daemon off; pid ${home}/pid; error_log stderr;\nevents {}\nhttp { access_log off; ${paths.join(' ')}\n${servers}\n}\n`);
    return new Program('/usr/sbin/nginx', ['-p', home, '-c', file]);
  },
  haproxy: async (home, port, gateways, certificate) => {
    const both = join(home, 'both.pem');
    await writeFile(both, (await readFile(certificate.cert)) + (await readFile(certificate.key)));
    const config = replace(await fileOf('haproxy.cfg'), [
      ['server a 10.0.0.1:8080 check port 9090', `server a ${gateways[0].address} check port ${gateways[0].adminAddress.split(':')[1]}`],
      ['server b 10.0.0.2:8080 check port 9090', `server b ${gateways[1].address} check port ${gateways[1].adminAddress.split(':')[1]}`],
      ['bind :443', `bind 127.0.0.1:${port}`],
      ['/etc/haproxy/turngate.pem', both],
    ]);
    const file = join(home, 'haproxy.cfg');
    await writeFile(file, config);
    return new Program('/usr/sbin/haproxy', ['-db', '-f', file]);
  },
};

async function startBalancer(t, name, gateways) {
  const [home, port, certificate] = [await temporaryDirectory(t), await freePort(), await makeCertificate(t)];
  const program = await kBalancers[name](home, port, gateways, certificate);
  atEnd(t, () => program.stop('SIGTERM'));
  const agent = new Agent({ keepAlive: true, ca: certificate.ca });
  atEnd(t, () => agent.destroy());
  const balancer = { port, agent, ca: certificate.ca, wsUrl: `wss://127.0.0.1:${port}/v1/responses`, program };
  await waitFor(async () => {
    assert.ok(program.isRunning, program.err);
    return (await post(balancer, {}).catch(() => null))?.status === 400;
  }, `${name} to let requests through`);
  return balancer;
}

// {status, headers, text, parts}: the pieces of the body, with the time of each.
function post({ port, agent }, body, headers = {}) {
  const bytes = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const all = { host: '127.0.0.1', port, agent, method: 'POST', path: '/v1/responses' };
    const asked = request({ ...all, headers: { authorization: `Bearer ${kKey}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes), ...headers } });
    asked.on('error', reject);
    asked.on('response', (answer) => {
      const parts = [];
      answer.on('data', (data) => parts.push({ at: performance.now(), text: data.toString() }));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text: parts.map(({ text }) => text).join(''), parts }));
    });
    asked.end(bytes);
  });
}

const kTurn = { model: 'sim-1', input: 'hello', store: false };

for (const name of Object.keys(kBalancers))
  describe(`Behind ${name}`, { concurrency: 2 }, () => {
    async function behind(t, options = {}) {
      const sim = await startSim(t, { deltas: 6, ...options });
      const config = { accounts: [accountOf(sim)], server: { trusted_proxies: ['127.0.0.1'] } };
      const gateways = [await startDaemon(t, { config }), await startDaemon(t, { config })];
      return { sim, gateways, balancer: await startBalancer(t, name, gateways) };
    }

    test('EventsComeAsTheyAreMadeAndASocketToo', async (t) => {
      const { balancer } = await behind(t, { deltaIntervalUs: 60_000 });
      const { status, text, parts } = await post(balancer, { ...kTurn, stream: true });
      assert.equal(status, 200);
      assert.equal(eventsOf(text).at(-1).type, 'response.completed');
      assert.ok(parts.at(-1).at - parts[0].at > 150, 'nothing gathers them on the way');
      const client = await connect(t, balancer.wsUrl, { ca: balancer.ca });
      assert.equal((await client.turn(kTurn)).terminal.type, 'response.completed');
      assert.equal((await client.turn(kTurn)).terminal.type, 'response.completed');
    });

    test('SilenceIsNoEndAndALargeCreateNoFault', async (t) => {
      const { sim, balancer } = await behind(t, { script: [{ match: { input_contains: 'slow' }, do: { delay_ms: 4000 } }] });
      const large = await post(balancer, { ...kTurn, input: 'x'.repeat(5 << 20) });
      assert.equal(large.status, 200, large.text.slice(0, 300));
      const slow = await post(balancer, { ...kTurn, input: 'slow' });
      assert.equal(JSON.parse(slow.text).status, 'completed');
      assert.equal(sim.creates().length, 2, 'no proxy has sent one twice');
    });

    test('ASessionStaysWithItsGatewayAndMovesWhereThatHasGone', async (t) => {
      const { gateways, balancer } = await behind(t);
      const turn = () => post(balancer, kTurn, { 'session-id': 'one' });
      for (let i = 0; i < 4; ++i) assert.equal((await turn()).status, 200);
      const ended = () => gateways.map((gateway) => gateway.logged('turn ended').length);
      const turns = await waitFor(() => (Math.max(...ended()) === 4 ? ended() : null), 'one gateway to have had them all');
      assert.equal(Math.min(...turns), 0);
      const [mine, other] = turns[0] > 0 ? gateways : [gateways[1], gateways[0]];
      await mine.program.stop();
      await waitFor(async () => (await turn()).status === 200, 'the other gateway to take it', slowed(20_000));
      await other.loggedOnce('turn ended');
    });
  });
