import { createRequire } from 'node:module';

import { kKey } from '../lib/daemon.mjs';
import { atEnd } from '../lib/scope.mjs';
import { within } from '../lib/wait.mjs';

const { WebSocket } = createRequire(new URL('../../clients/package.json', import.meta.url))('ws');

const kEnds = new Set(['response.completed', 'response.done', 'response.failed', 'response.incomplete', 'error']);

// A socket of many lanes, on each of which turns run in the order of their creates. What comes for a lane without a turn is a
// stray: nobody asked for it.
export class Socket {
  strays = [];
  isOpen = false;
  #turns = new Map(); // by lane: the one that runs, and those behind it

  static async open(scope, url, session) {
    const ws = new WebSocket(url, {
      headers: { authorization: `Bearer ${kKey}`, 'session-id': session },
      perMessageDeflate: false,
      maxPayload: 0,
    });
    atEnd(scope, () => ws.terminate());
    const socket = new Socket(ws);
    const opened = new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    await within(opened, `the handshake of ${session}`);
    socket.isOpen = true;
    return socket;
  }

  constructor(ws) {
    this.ws = ws;
    ws.on('message', (data, isBinary) => this.#take(data.toString(), isBinary));
    ws.on('close', (code, reason) => this.#close(`closed with ${code} "${reason}"`));
    ws.on('error', (error) => this.#close(error.message));
  }

  // All events of one create, once it has ended; null if the socket closes before that. `listen` hears each.
  turn(create, listen = () => {}) {
    const lane = create.stream_id ?? '';
    return new Promise((resolve) => {
      if (!this.isOpen) return resolve(null);
      this.#turns.set(lane, [...(this.#turns.get(lane) ?? []), { events: [], resolve, listen }]);
      this.send({ type: 'response.create', ...create });
    });
  }

  send(event) {
    this.ws.send(typeof event === 'string' ? event : JSON.stringify(event));
  }

  drop() {
    this.ws.terminate();
  }

  #take(text, isBinary) {
    const event = isBinary ? null : parsed(text);
    const lane = event?.stream_id ?? '';
    const [turn, ...behind] = this.#turns.get(lane) ?? [];
    if (!turn) return void this.strays.push(text.slice(0, 600));
    turn.events.push(event ?? { type: 'no event', text });
    if (event && kEnds.has(event.type)) {
      this.#turns.set(lane, behind);
      turn.resolve(turn.events);
    } else if (event) {
      turn.listen(event);
    }
  }

  #close(why) {
    this.isOpen = false;
    this.closing ??= why;
    for (const { resolve } of [...this.#turns.values()].flat()) resolve(null);
    this.#turns.clear();
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
