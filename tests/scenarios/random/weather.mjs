import { readFile, writeFile } from 'node:fs/promises';

import { Draw } from '../lib/random.mjs';
import { pause } from '../lib/wait.mjs';

// What goes wrong upstream: every so often one of the sims gets another script. TURNGATE_RANDOM_FAULTS is an expression for
// the names of what may go wrong, to look for one thing alone: `reset|down`, `^$` for nothing.

const error = (status, code, more = {}) => ({ error: { status, code, message: 'No.', ...more } });
const fault = (kind, when, more = {}) => ({ fault: { kind, when, ...more } });
const failedLater = {
  type: 'response.failed',
  response: { id: '$response', object: 'response', status: 'failed', output: [], error: { code: 'server_error', message: 'No.' } },
};
const kKeepalive = { when: 'created', event: { type: 'keepalive', sequence_number: 0 } };
const kImage = { item: { type: 'image_generation_call', status: 'failed', result: null } };
const kReason = { reasoning: { summary: 'hm, let me see' } };
const kCall = { call: { name: 'get_weather', arguments: { city: 'Oslo' } } };
const kNullStatus = { type: 'error', status: null, error: { code: 'server_error', message: 'No.' } };

// Answers that are no simple text, always about.
const kAnswers = {
  'answer: reasoning': [0.06, { answer: [kReason, { text: 'I have thought of it.' }] }],
  'answer: reasoning and call': [0.04, { answer: [kReason, kCall] }],
  'answer: two calls': [0.02, { answer: [kCall, { call: { ...kCall.call, arguments: { city: 'Rome' } } }] }],
  'answer: out of order': [0.02, { answer: [{ text: 'first of two' }, { text: 'second of two' }], arrival: [1, 0] }],
  'answer: silent item': [0.02, { answer: [{ text: 'said' }, { text: 'only at the end', silent: true }] }],
  'answer: failed image': [0.02, { answer: [kImage, { text: 'There is no picture.' }] }],
  'answer: incomplete': [0.01, { incomplete: 'max_output_tokens' }],
  'answer: done': [0.01, { terminal: 'response.done' }],
};

// What a storm is made of.
const kFaults = {
  'reset before': [0.02, fault('reset', 'before')],
  'reset created': [0.02, fault('reset', 'created')],
  'reset content': [0.01, fault('reset', 'content:2')],
  'eof content': [0.01, fault('eof', 'content:1')],
  'close 1011': [0.01, fault('close', 'created', { code: 1011 })],
  'close 1012': [0.01, fault('close', 'before', { code: 1012 })],
  'reset after': [0.01, fault('reset', 'after')],
  'terminal twice': [0.01, fault('duplicate_terminal', 'after', { delay_ms: 3 })],
  'late events': [0.01, fault('late_events', 'after')],
  'unknown event': [0.01, fault('unknown_event', 'created')],
  hang: [0.005, fault('hang', 'created')],
  'keepalive and reset': [0.01, { ...fault('reset', 'created'), events: [kKeepalive] }],
  'error 500': [0.01, error(500, 'server_error')],
  'error 500 created': [0.01, error(500, 'server_error', { after: 'created' })],
  'error 503 content': [0.01, error(503, 'unavailable', { after: 'content:2' })],
  'error 429': [0.01, error(429, 'rate_limit_exceeded', { headers: { 'retry-after': '1' } })],
  'error not found': [0.01, error(400, 'previous_response_not_found'), { parent: 'memory' }],
  'error connection limit': [0.01, error(400, 'websocket_connection_limit_reached')],
  failed: [0.01, { failed: { code: 'server_error', message: 'No.' }, answer: [] }],
  'error and failed': [
    0.01,
    { ...error(500, 'server_error', { after: 'created' }), events: [{ when: 'after', delay_ms: 5, event: failedLater }] },
  ],
  'error null status': [0.01, { error: { verbatim: kNullStatus } }],
  'error typeless': [0.01, { error: { type: 'api_error', message: 'No.', typeless: true } }],
};
const kDials = {
  'dial 503': [0.1, { upgrade: { status: 503, body: {} } }],
  'dial challenge': [0.1, { upgrade: { status: 403, headers: { 'cf-mitigated': 'challenge' }, body: '<html>', body_bytes: 100_000 } }],
  'dial reset': [0.1, { upgrade: { reset: true } }],
};
const kOut = {
  limited: [1, error(429, 'usage_limit_reached', { headers: { 'retry-after': '1' } })],
  down: [1, { upgrade: { status: 503, body: {} } }],
};

const kOnly = new RegExp(process.env.TURNGATE_RANDOM_FAULTS ?? '');

const rulesOf = (table) =>
  Object.entries(table)
    .filter(([name]) => kOnly.test(name))
    .map(([, [probability, act, match = {}]]) => ({ match, probability, do: act }));

const kFine = rulesOf(kAnswers);
const kKinds = { fine: kFine, stormy: [...rulesOf(kDials), ...rulesOf(kFaults), ...kFine] };
for (const [name, row] of Object.entries(kOut)) if (kOnly.test(name)) kKinds[name] = rulesOf({ [name]: row });
if (kOnly.test('off')) kKinds.off = kFine; // by the operator
const kOften = Object.keys(kKinds).flatMap((kind) => (kind === 'stormy' ? [kind, kind, kind] : [kind]));

export class Weather {
  seen = {}; // kinds, by how often
  #isOver = false;

  constructor(daemon, sims, seed) {
    this.daemon = daemon;
    this.sims = sims;
    this.draw = new Draw(seed);
    this.now = sims.map(() => 'stormy');
  }

  async blow() {
    for (const sim of this.sims) await sim.script(kKinds.stormy);
    while (!this.#isOver) {
      await this.#change(this.draw.between(0, this.sims.length - 1));
      await pause(this.draw.between(100, 500));
    }
    for (const [at, sim] of this.sims.entries()) {
      await sim.script(kFine);
      if (this.now[at] === 'off') await this.#switch(at, 'ctx_pool');
    }
  }

  // Soon nothing goes wrong any more: when blow() has ended.
  calm() {
    this.#isOver = true;
  }

  // One of them at least can be used at any time.
  async #change(at) {
    const isUsable = (kind) => kind === 'fine' || kind === 'stormy';
    const mayBeOut = this.now.some((kind, other) => other !== at && isUsable(kind));
    const kind = this.draw.oneOf(mayBeOut ? kOften : ['fine', 'stormy']);
    if (this.now[at] === 'off' && kind !== 'off') await this.#switch(at, 'ctx_pool');
    if (this.now[at] !== 'off' && kind === 'off') await this.#switch(at, 'off');
    this.now[at] = kind;
    this.seen[kind] = (this.seen[kind] ?? 0) + 1;
    await this.sims[at].script(kKinds[kind]);
    if (kind === 'down') await this.sims[at].reset().catch(() => {}); // nothing is open: fine
  }

  async #switch(at, mode) {
    const config = JSON.parse(await readFile(this.daemon.configFile, 'utf8'));
    config.accounts[at].mode = mode;
    await writeFile(this.daemon.configFile, JSON.stringify(config));
    const { status, body } = await this.daemon.admin('/api/v1/reload', { method: 'POST' });
    if (status !== 200) throw new Error(`not reloaded: ${JSON.stringify(body)}`);
  }
}
