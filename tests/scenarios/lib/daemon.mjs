import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { binary, kPricing, temporaryDirectory } from './place.mjs';
import { Program } from './program.mjs';
import { atEnd } from './scope.mjs';
import { kPatience, waitFor } from './wait.mjs';

export const kKey = 'tg-test-0123456789abcdef';

// The gateway before `upstream` (a Sim). `config` is merged over what a test needs: objects member by member, all else
// replaces. The log is at debug, as JSON. `through`: a command that runs the one that follows it.
export async function startDaemon(scope, { upstream, config = {}, directory, env = {}, through = [] } = {}) {
  const home = directory ?? (await temporaryDirectory(scope));
  const file = join(home, 'config.yaml');
  await writeFile(file, JSON.stringify(merge(baseConfig(home, upstream), config), null, 2)); // JSON is YAML
  const daemon = new Daemon(home, file, env, through);
  atEnd(scope, () => daemon.finish());
  await daemon.ready();
  return daemon;
}

export function accountOf(sim, more = {}) {
  return { name: 'sim', base_url: sim.url, api_key: sim.key, ...more };
}

export function baseConfig(home, upstream) {
  return {
    server: { listen: '127.0.0.1:0', threads: 2 },
    admin: { listen: '127.0.0.1:0' },
    accounts: upstream ? [accountOf(upstream)] : [],
    keys: [{ name: 'dev', key: kKey }],
    usage: { sqlite: { path: join(home, 'usage.db') }, journal: { dir: join(home, 'journal'), fsync: '5ms' } },
    pricing: { file: kPricing },
    scheduler: { top_k: 1 }, // the best account, without a draw
    log: { level: 'debug', format: 'json' },
  };
}

export function merge(base, over) {
  if (!isObject(base) || !isObject(over)) return over;
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = key in base ? merge(base[key], value) : value;
  return merged;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

export class Daemon {
  constructor(home, configFile, env, through = []) {
    this.home = home;
    this.configFile = configFile;
    this.key = kKey;
    const [command, ...args] = [...through, binary('turngate'), 'serve', '--config', configFile];
    this.program = new Program(command, args, {
      cwd: home,
      env: { ...process.env, ...env },
    });
  }

  async ready() {
    const line = (event) => this.program.printed(() => this.logged(event)[0], `"${event}"`);
    const { address, tls } = await line('listening'); // the first, where it listens on several
    this.address = address;
    this.secure = tls ? 's' : '';
    this.adminAddress = (await line('admin listening')).address;
    await waitFor(async () => (await this.admin('/readyz')).status === 200, 'the daemon to be ready');
  }

  get pid() {
    return this.program.pid;
  }

  get port() {
    return Number(this.address.split(':').pop());
  }

  get url() {
    return `http${this.secure}://${this.address}/v1`;
  }

  get wsUrl() {
    return `ws${this.secure}://${this.address}/v1/responses`;
  }

  // Log lines as objects: all of them, or those of one event ("turn ended").
  log() {
    const lines = this.program.err.split('\n');
    lines.pop();
    return lines.filter((line) => line.startsWith('{"ts"')).map((line) => JSON.parse(line));
  }

  logged(event) {
    return this.log().filter((line) => line.msg === event);
  }

  // Bounded wait for the log line of an event that is as wanted.
  loggedOnce(event, isSo = () => true) {
    return waitFor(() => this.logged(event).find(isSo), `the log line "${event}" with ${isSo}`);
  }

  // {status, body}: parsed if it is JSON.
  async admin(path, options = {}) {
    const headers = { 'x-turngate': '1', ...options.headers };
    const answer = await fetch(`http://${this.adminAddress}${path}`, { ...options, headers });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json');
    return { status: answer.status, body: isJson ? JSON.parse(text) : text };
  }

  async status() {
    return (await this.admin('/api/v1/status')).body;
  }

  // The usage records, the oldest first, once at least `count` of them and all of the journal are settled.
  usage(count, query = '') {
    return waitFor(async () => {
      const { journal } = await this.status(); // first: what is settled after it may still be missing below
      const { body } = await this.admin(`/api/v1/usage?limit=1000${query && '&' + query}`);
      return body.data.length >= count && journal.lag_bytes === 0 && body.data.reverse();
    }, `${count} settled usage records`);
  }

  // As usage(), for more records than a page has.
  async allUsage(count, patience = kPatience) {
    const records = await waitFor(async () => {
      const { journal } = await this.status();
      const all = journal.lag_bytes === 0 ? await this.#pages() : [];
      return all.length >= count && all;
    }, `${count} settled usage records`, patience);
    return records.reverse();
  }

  async #pages() {
    const records = [];
    for (let cursor = ''; cursor !== null; ) {
      const { body } = await this.admin(`/api/v1/usage?limit=1000${cursor && '&cursor=' + encodeURIComponent(cursor)}`);
      records.push(...body.data);
      cursor = body.next_cursor;
    }
    return records;
  }

  // The sum over all series of this name whose labels include the given ones; null if there is none.
  async metric(name, labels = {}) {
    const { body } = await this.admin('/metrics');
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const values = body
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : null;
  }

  // Bounded wait for a metric to be as wanted.
  metricOnce(name, isSo, labels = {}) {
    return waitFor(async () => isSo(await this.metric(name, labels)), `metric ${name}: ${isSo}`);
  }

  signal(signal) {
    this.program.child.kill(signal);
  }

  // Its exit code, after a look for sanitizer reports. Stop one that shall end badly, or be killed, yourself.
  async stop(signal = 'SIGTERM') {
    const code = await this.program.stop(signal);
    this.program.assertNoReport();
    return code;
  }

  async finish() {
    if (!this.program.isRunning) return this.program.assertNoReport();
    assert.equal(await this.stop(), 0, `the daemon did not end well:\n${this.program.err.slice(-4000)}`);
  }
}
