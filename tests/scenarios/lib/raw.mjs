import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';

import { kKey } from './daemon.mjs';
import { atEnd } from './scope.mjs';
import { kPatience, waitFor } from './wait.mjs';

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

// A frame as any client might make it, the wrong ones too: `length` is what the head claims, `mask: false` leaves it
// unmasked, `wide: true` uses eight bytes of length where fewer would do.
export function frame(opcode, payload = '', { fin = true, rsv = 0, mask = true, length, wide = false } = {}) {
  const bytes = Buffer.from(payload);
  const size = length ?? bytes.length;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const head = [Buffer.from([first, (mask ? 0x80 : 0) | shortLength(size, wide)]), longLength(size, wide)];
  if (!mask) return Buffer.concat([...head, bytes]);
  const key = randomBytes(4);
  return Buffer.concat([...head, key, bytes.map((byte, i) => byte ^ key[i % 4])]);
}

const shortLength = (size, wide) => (wide || size > 0xffff ? 127 : size > 125 ? 126 : size);

function longLength(size, wide) {
  const short = shortLength(size, wide);
  const bytes = Buffer.alloc(short === 127 ? 8 : short === 126 ? 2 : 0);
  if (short === 127) bytes.writeBigUInt64BE(BigInt(size));
  if (short === 126) bytes.writeUInt16BE(size);
  return bytes;
}

export const closePayload = (code, reason = '') =>
  Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);

// A TCP connection to a daemon, for handshakes and frames that no library sends.
export async function rawConnect(scope, { port, host = '127.0.0.1' }) {
  const socket = connect({ port, host });
  atEnd(scope, () => socket.destroy());
  const raw = new RawConnection(socket);
  await waitFor(() => !socket.connecting || raw.error, `a connection to port ${port}`);
  if (raw.error) throw raw.error;
  return raw;
}

export class RawConnection {
  received = Buffer.alloc(0); // and not yet read
  isEnded = false; // the peer sends no more: it closed, or reset (then `error` says so)

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (bytes) => (this.received = Buffer.concat([this.received, bytes])));
    socket.on('end', () => (this.isEnded = true));
    socket.on('close', () => (this.isEnded = true));
    socket.on('error', (error) => (this.error = error));
  }

  send(...pieces) {
    this.socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
  }

  // {status, headers, body} to a request: its lines, or the usual upgrade with some headers changed (null: left out).
  async request(lines) {
    this.send(lines.join('\r\n') + '\r\n\r\n');
    return this.readHead();
  }

  upgrade({ path = '/v1/responses', key = kKey, headers = {} } = {}) {
    const nonce = randomBytes(16).toString('base64');
    this.expectedAccept = createHash('sha1').update(nonce + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    const all = {
      Host: 'localhost',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': nonce,
      Authorization: key === null ? null : `Bearer ${key}`,
      ...headers,
    };
    const present = Object.entries(all).filter(([, value]) => value !== null);
    return this.request([`GET ${path} HTTP/1.1`, ...present.map(([name, value]) => `${name}: ${value}`)]);
  }

  async readHead() {
    const end = await this.#wait(() => this.received.indexOf('\r\n\r\n') + 1, 'an HTTP head');
    const [first, ...lines] = this.#take(end + 3).toString('latin1').trimEnd().split('\r\n');
    const pairs = lines.map((line) => [line.split(':')[0].toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
    const headers = Object.fromEntries(pairs);
    const length = Number(headers['content-length'] ?? 0);
    await this.#wait(() => this.received.length >= length, 'an HTTP body');
    return { status: Number(first.split(' ')[1]), headers, body: this.#take(length).toString() };
  }

  // {fin, rsv, opcode, payload}; a server's frames are not masked.
  async readFrame(patience = kPatience) {
    const { head, size } = await this.#wait(() => headOf(this.received), 'a frame', patience);
    await this.#wait(() => this.received.length >= head + size, "a frame's payload", patience);
    const bytes = this.#take(head + size);
    return { fin: bytes[0] >= 0x80, rsv: (bytes[0] >> 4) & 7, opcode: bytes[0] & 15, payload: bytes.subarray(head) };
  }

  // The next text message as an event; pings on the way are left unanswered.
  async readEvent(patience = kPatience) {
    for (;;) {
      const { opcode, payload } = await this.readFrame(patience);
      if (opcode === Opcode.text) return JSON.parse(payload);
      if (opcode === Opcode.close) throw new Error(`closed with ${readClose(payload).code} instead of an event`);
    }
  }

  // Reads on to the Close frame: {code, reason}.
  async readClose(patience = kPatience) {
    for (;;) {
      const { opcode, payload } = await this.readFrame(patience);
      if (opcode === Opcode.close) return readClose(payload);
    }
  }

  end() {
    return waitFor(() => this.isEnded, 'the connection to end');
  }

  // The peer sees RST.
  reset() {
    this.socket.resetAndDestroy();
  }

  async #wait(condition, what, patience = kPatience) {
    const found = await waitFor(() => condition() || (this.isEnded && 'ended'), what, patience);
    if (found === 'ended') throw new Error(`the connection ended instead of ${what}`);
    return found;
  }

  #take(size) {
    const taken = this.received.subarray(0, size);
    this.received = this.received.subarray(size);
    return taken;
  }
}

function headOf(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 0x7f;
  const head = 2 + (short === 127 ? 8 : short === 126 ? 2 : 0);
  if (bytes.length < head) return null;
  const size = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  return { head, size };
}

function readClose(payload) {
  if (payload.length < 2) return { code: 1005, reason: '' };
  return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}
