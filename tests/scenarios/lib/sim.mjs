import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';

import { binary, temporaryDirectory } from './place.mjs';
import { Program } from './program.mjs';
import { atEnd } from './scope.mjs';
import { waitFor } from './wait.mjs';

export const kSimKey = 'sk-sim-upstream-0123456789';

let made = 0; // each sim has its own seed, so that no two make the same ids

const flagOf = (name) => '--' + name.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase());

// The scriptable upstream. Options are its flags in camel case ({deltas: 4, deltaIntervalUs: 500, lanes: 'off', wall: 2,
// tlsCert, tlsKey}), and `script`, an array of rules (docs/sim.md). It takes no key but kSimKey: a client's own would be refused.
export async function startSim(scope, { script = [], ...options } = {}) {
  const directory = await temporaryDirectory(scope);
  const files = { script: join(directory, 'script.json'), transcript: join(directory, 'transcript.jsonl') };
  await writeFile(files.script, JSON.stringify({ rules: script }));
  const flags = { listen: '127.0.0.1:0', key: kSimKey, seed: ++made, ...files, ...options };
  const program = new Program(
    binary('turngate-sim'),
    Object.entries(flags).flatMap(([name, value]) => [flagOf(name), String(value)]),
  );
  const sim = new Sim(program, files.transcript, flags);
  atEnd(scope, () => sim.stop());
  await sim.started();
  return sim;
}

export class Sim {
  constructor(program, transcript, flags) {
    this.program = program;
    this.transcriptFile = transcript;
    this.key = flags.key;
    this.scheme = flags.tlsCert ? 'https' : 'http';
  }

  async started() {
    const line = await this.program.printed(() => this.program.out.match(/listening on (\S+)\n/), 'its address');
    this.address = line[1];
    this.port = Number(this.address.split(':').pop());
  }

  get url() {
    return `${this.scheme}://${this.address}/v1`;
  }

  get wsUrl() {
    return `${this.url.replace(/^http/, 'ws')}/responses`;
  }

  async stop() {
    const code = await this.program.stop();
    this.program.assertNoReport();
    return code;
  }

  // What clients did so far, in order. A message that is JSON also stands parsed in `event`.
  transcript() {
    const lines = readFileSync(this.transcriptFile, 'utf8').split('\n');
    lines.pop(); // what follows the last newline: nothing, or a line that is being written
    return lines.map((line) => JSON.parse(line)).map((entry) => ('message' in entry ? withEvent(entry) : entry));
  }

  upgrades() {
    return this.transcript().filter((entry) => entry.upgrade);
  }

  messages() {
    return this.transcript().filter((entry) => 'message' in entry);
  }

  // Over HTTP they have no type.
  creates() {
    return this.messages().filter((entry) => entry.event && (entry.event.type ?? 'response.create') === 'response.create');
  }

  responses() {
    return this.transcript().filter((entry) => entry.response);
  }

  ends() {
    return this.transcript().filter((entry) => entry.end);
  }

  // Replaces all rules.
  script(rules) {
    return this.control('POST', '/_sim/script', JSON.stringify({ rules }));
  }

  stats() {
    return this.control('GET', '/_sim/stats');
  }

  // Bounded wait for the numbers to be as wanted.
  statsOnce(isSo, what = isSo) {
    return waitFor(async () => {
      const stats = await this.stats();
      return isSo(stats) && stats;
    }, `sim stats: ${what}`);
  }

  // `connection`: its number in the transcript, or 'all'.
  close(connection = 'all', code = 1000) {
    return this.control('POST', `/_sim/close?connection=${connection}&code=${code}`);
  }

  reset(connection = 'all') {
    return this.control('POST', `/_sim/reset?connection=${connection}`);
  }

  async control(method, path, body) {
    const { status, text } = await exchange(new URL(path, this.url), { method, rejectUnauthorized: false }, body);
    if (status !== 200) throw new Error(`sim ${method} ${path}: ${status} ${text}`);
    return JSON.parse(text);
  }
}

// Not fetch(): it would trust no certificate that a test made.
function exchange(url, options, body) {
  const request = url.protocol === 'https:' ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function withEvent(entry) {
  try {
    return { ...entry, event: JSON.parse(entry.message) };
  } catch {
    return entry;
  }
}
