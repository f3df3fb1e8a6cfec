import { createRequire } from 'node:module';

import { kKey } from './daemon.mjs';
import { atEnd } from './scope.mjs';
import { kPatience, within } from './wait.mjs';

const { WebSocket } = createRequire(new URL('../../clients/package.json', import.meta.url))('ws');

const kTerminal = /^\{"type":"(response\.(completed|failed|incomplete)|error)"/; // as the sim and the gateway write it

// A client for thousands of turns, one at a time: it polls nothing and keeps nothing.
export async function connectLean(scope, url, { key = kKey, headers = {} } = {}) {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}`, ...headers }, perMessageDeflate: false });
  atEnd(scope, () => socket.terminate());
  const client = new LeanClient(socket);
  const opened = new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  await within(opened, `the handshake with ${url}`);
  return client;
}

export class LeanClient {
  strays = []; // texts that came while no turn was running
  #turn = null;
  #texts = [];

  constructor(socket) {
    this.socket = socket;
    socket.on('message', (data) => this.#take(data.toString()));
    socket.on('close', (code, reason) => this.#close(`closed with ${code} "${reason}"`));
    socket.on('error', (error) => this.#close(error.message));
  }

  get isOpen() {
    return !this.closing;
  }

  get isBusy() {
    return this.#turn !== null;
  }

  // The texts of all events of one create, the terminal one last. Rejects if the socket closes before that. Throws if a turn
  // runs already: its end would be taken for this one's.
  turn(fields) {
    if (this.#turn) throw new Error('a lean client has one turn at a time, and this one has not ended');
    return new Promise((resolve, reject) => {
      if (this.closing) return reject(new Error(this.closing));
      this.#texts = [];
      this.#turn = { resolve, reject };
      this.socket.send(JSON.stringify({ type: 'response.create', ...fields }));
    });
  }

  close(patience = kPatience) {
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.close(1000);
    return within(closed, 'the socket to close', patience);
  }

  #take(text) {
    if (!this.#turn) return void this.strays.push(text);
    this.#texts.push(text);
    if (!kTerminal.test(text)) return;
    const { resolve } = this.#turn;
    this.#turn = null;
    resolve(this.#texts);
  }

  #close(why) {
    this.closing ??= why;
    this.#turn?.reject(new Error(`${why} during a turn`));
    this.#turn = null;
  }
}
