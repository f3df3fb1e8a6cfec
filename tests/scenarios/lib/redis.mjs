import { connect } from 'node:net';
import { join } from 'node:path';

import { temporaryDirectory } from './place.mjs';
import { Program } from './program.mjs';
import { atEnd } from './scope.mjs';
import { waitFor, within } from './wait.mjs';

// A real redis-server on a unix socket in a directory of its own; it keeps nothing on disk. `starts: false` only names it.
export async function startRedis(scope, { password = '', starts = true } = {}) {
  const redis = new Redis(await temporaryDirectory(scope), password);
  atEnd(scope, () => redis.kill());
  if (starts) await redis.start();
  return redis;
}

export class Redis {
  constructor(directory, password) {
    this.directory = directory;
    this.password = password;
    this.path = join(directory, 'redis.sock');
  }

  // The `state` of a gateway's configuration.
  stateOf(instance, more = {}) {
    const redis = { url: `unix:${this.path}`, ...more };
    if (this.password) redis.password = this.password;
    return { backend: 'redis', instance, redis };
  }

  // Also after kill(): empty, on the same socket.
  async start() {
    const settings = { port: 0, unixsocket: this.path, dir: this.directory, save: '', appendonly: 'no' };
    if (this.password) settings.requirepass = this.password;
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.program = new Program('redis-server', flags);
    await waitFor(() => {
      if (!this.program.isRunning) throw new Error(`redis-server ended:\n${this.program.out}${this.program.err}`);
      return this.command('PING');
    }, 'redis-server to answer');
  }

  async kill() {
    if (!this.program) return;
    this.program.child.kill('SIGKILL'); // one that is stopped ends too
    await within(this.program.ended, 'redis-server to end');
  }

  // Its sockets stay open and say nothing.
  freeze() {
    this.program.child.kill('SIGSTOP');
  }

  thaw() {
    this.program.child.kill('SIGCONT');
  }

  flush() {
    return this.command('FLUSHALL');
  }

  // The reply: a string, a number, null, or an array of these. Throws what Redis complains about.
  async command(...words) {
    const socket = connect(this.path);
    try {
      return await within(talk(socket, this.password ? [['AUTH', this.password], words] : [words]), `${words[0]} to be answered`);
    } finally {
      socket.destroy();
    }
  }
}

const encoded = (words) => `*${words.length}\r\n` + words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('');

// The last command's reply, once all are there.
function talk(socket, commands) {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('redis-server closed the connection')));
    socket.setEncoding('latin1').on('data', (piece) => {
      const replies = readReplies((text += piece));
      const refused = replies.find((reply) => reply instanceof Error);
      if (refused) reject(refused);
      else if (replies.length === commands.length) resolve(replies.at(-1));
    });
    socket.write(commands.map(encoded).join(''));
  });
}

// All complete replies at the text's begin.
function readReplies(text) {
  const replies = [];
  for (let at = 0; at < text.length; ) {
    const reply = readReply(text, at);
    if (!reply) break;
    replies.push(reply.value);
    at = reply.end;
  }
  return replies;
}

// {value, end}; null if it is not all there.
function readReply(text, at) {
  const lineEnd = text.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const line = text.slice(at + 1, lineEnd);
  const end = lineEnd + 2;
  if (text[at] === '+') return { value: line, end };
  if (text[at] === '-') return { value: new Error(line), end };
  if (text[at] === ':') return { value: Number(line), end };
  if (text[at] === '*') return readArray(text, end, Number(line));
  if (Number(line) < 0) return { value: null, end };
  const textEnd = end + Number(line);
  return text.length < textEnd + 2 ? null : { value: text.slice(end, textEnd), end: textEnd + 2 };
}

function readArray(text, at, count) {
  const value = [];
  for (let i = 0; i < count; ++i) {
    const reply = readReply(text, at);
    if (!reply) return null;
    value.push(reply.value);
    at = reply.end;
  }
  return { value, end: at };
}
