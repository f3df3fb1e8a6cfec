import { connect, createServer } from 'node:net';

import { atEnd } from '../lib/scope.mjs';

const kHost = '127.0.0.2'; // an address of loopback that nobody else takes ports of while the gate is shut

// A way to an upstream that can be shut: then nobody listens there.
export class Gate {
  #open = new Set();

  static async before(scope, upstreamPort) {
    const gate = new Gate();
    gate.upstreamPort = upstreamPort;
    await gate.open(0);
    atEnd(scope, () => gate.shut());
    return gate;
  }

  get url() {
    return `http://${kHost}:${this.port}`;
  }

  async open(port = this.port) {
    if (this.server) return;
    this.server = createServer((socket) => this.#pass(socket));
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(port, kHost, resolve));
    this.port = this.server.address().port;
  }

  // What passes through it ends, too.
  async shut() {
    if (!this.server) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server = undefined;
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #pass(client) {
    const upstream = connect(this.upstreamPort, '127.0.0.1');
    const end = () => [client, upstream].forEach((socket) => socket.destroy());
    this.#open.add(client);
    for (const [one, other] of [[client, upstream], [upstream, client]]) {
      one.on('error', end).on('close', end).pipe(other);
    }
    client.on('close', () => this.#open.delete(client));
  }
}
