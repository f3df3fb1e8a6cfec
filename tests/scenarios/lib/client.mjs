import { createRequire } from 'node:module';

import { kKey } from './daemon.mjs';
import { atEnd } from './scope.mjs';
import { kPatience, waitFor, within } from './wait.mjs';

const { WebSocket } = createRequire(new URL('../../clients/package.json', import.meta.url))('ws');

const kTerminal = new Set(['response.completed', 'response.done', 'response.failed', 'response.incomplete', 'error']);

export const isTerminal = (event) => kTerminal.has(event?.type);

// An upgrade that was answered with HTTP.
export class Refused extends Error {
  constructor({ status, headers, body }) {
    super(`upgrade refused: ${status} ${body}`);
    Object.assign(this, { status, headers, body });
  }

  get error() {
    return JSON.parse(this.body).error;
  }
}

function dial(url, { key = kKey, headers = {}, deflate = false, ...more } = {}) {
  const authorization = key === null ? {} : { authorization: `Bearer ${key}` };
  return new WebSocket(url, {
    headers: { ...authorization, ...headers },
    perMessageDeflate: deflate,
    maxPayload: 0,
    ...more,
  });
}

function read(answer) {
  return new Promise((resolve, reject) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (text) => (body += text));
    answer.on('error', reject);
    answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
  });
}

// Throws Refused. `key: null` sends none; `deflate: true` offers compression; `ca` is whom to trust; all else is for `ws`.
export async function connect(scope, url, options = {}) {
  const socket = dial(url, options);
  atEnd(scope, () => socket.terminate());
  const client = new Client(socket); // before the handshake ends: events may come with it
  const opened = new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_, answer) => read(answer).then((all) => reject(new Refused(all)), reject));
  });
  await within(opened, `the handshake with ${url}`);
  return client;
}

// The refusal of an upgrade that must not succeed.
export async function refusal(scope, url, options = {}) {
  try {
    await connect(scope, url, options);
  } catch (refused) {
    if (refused instanceof Refused) return refused;
    throw refused;
  }
  throw new Error(`${url} accepted an upgrade that it had to refuse`);
}

export class Client {
  frames = []; // all that came: {text, event}
  pings = 0;
  #unread = [];

  constructor(socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve((this.closing = { code, reason: reason.toString() })));
    });
    socket.on('message', (data, isBinary) => this.#take(data, isBinary));
    socket.on('ping', () => ++this.pings);
    socket.on('error', (error) => (this.error = error));
    socket.once('upgrade', (answer) => (this.headers = answer.headers));
  }

  #take(data, isBinary) {
    const text = data.toString();
    const frame = { text, isBinary, event: isBinary ? null : parsed(text) };
    this.frames.push(frame);
    this.#unread.push(frame);
  }

  send(event) {
    this.sendRaw(JSON.stringify(event));
  }

  sendRaw(data, options = {}) {
    this.socket.send(data, options);
  }

  create(fields) {
    this.send({ type: 'response.create', ...fields });
  }

  // The next frame that `isWanted`, leaving the others for later. Fails if the socket closes without one.
  async nextFrame(isWanted = () => true, patience = kPatience) {
    const isOver = () => this.closing && !this.#unread.some(isWanted);
    await waitFor(() => this.#unread.some(isWanted) || isOver(), `a frame with ${isWanted}`, patience);
    const at = this.#unread.findIndex(isWanted);
    if (at < 0) throw new Error(`closed with ${this.closing.code} "${this.closing.reason}" instead of a frame with ${isWanted}`);
    return this.#unread.splice(at, 1)[0];
  }

  // The next event of any type, or of one type.
  async next(type, patience = kPatience) {
    return (await this.nextFrame((frame) => !type || frame.event?.type === type, patience)).event;
  }

  // Sends a create and reads its lane to the terminal event. What is no event counts to the default lane.
  async turn(fields, patience = kPatience) {
    this.create(fields);
    return this.toEnd(fields.stream_id, patience);
  }

  async toEnd(lane, patience = kPatience) {
    const deadline = Date.now() + patience;
    const frames = [];
    do {
      frames.push(await this.nextFrame((frame) => frame.event?.stream_id === lane, deadline - Date.now()));
    } while (!isTerminal(frames.at(-1).event));
    return new Turn(frames);
  }

  // What came and nobody has asked for yet.
  unread() {
    return this.#unread.map((frame) => frame.event ?? frame.text);
  }

  // {code, reason} once the socket is closed, by whoever.
  closed(patience = kPatience) {
    return within(this.ended, 'the socket to close', patience);
  }

  close(code = 1000, reason = '') {
    this.socket.close(code, reason);
    return this.closed();
  }

  // As Codex leaves: no Close frame.
  drop() {
    this.socket.terminate();
  }

  // The kernel's buffers fill up while nothing is read.
  stopReading() {
    this.socket.pause();
  }

  goOnReading() {
    this.socket.resume();
  }
}

// One response as its client saw it.
export class Turn {
  constructor(frames) {
    this.texts = frames.map((frame) => frame.text);
    this.events = frames.map((frame) => frame.event).filter(Boolean);
    this.terminal = this.events.at(-1);
    this.error = this.terminal.type === 'error' ? this.terminal.error : this.response.error;
  }

  get types() {
    return this.events.map((event) => event.type);
  }

  get response() {
    return this.terminal.response;
  }

  get id() {
    return this.response?.id ?? this.events.find((event) => event.type === 'response.created')?.response.id;
  }

  get usage() {
    return this.response?.usage;
  }

  // From the deltas, as a display would show it.
  get text() {
    const deltas = this.events.filter((event) => event.type === 'response.output_text.delta');
    return deltas.map((event) => event.delta).join('');
  }

  get items() {
    return this.events.filter((event) => event.type === 'response.output_item.done').map((event) => event.item);
  }

  get calls() {
    return this.items.filter((item) => item.type.endsWith('_call'));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
