import { isDeepStrictEqual } from 'node:util';

import { pathOf } from './stand.mjs';
import { isPlain, kReset } from './table.mjs';

// What is compared with expectation.mjs: everything that a cell led to, in few words.

export function observation(cell, played, { transcripts, records, accounts }) {
  const { turn, next, probe } = played.turns;
  return {
    turn: seen(turn),
    next: seen(next),
    probe: seen(probe),
    unread: played.sockets.flatMap((socket) => socket.unread()),
    upstream: {
      a: linesOf(transcripts.a.get(`${pathOf(cell, 'a')}/responses`), cell, played),
      b: linesOf(transcripts.b.get(`${pathOf(cell, 'b')}/responses`), cell, played),
    },
    records: (records.get(cell.id) ?? []).map((record) => shortRecord(cell, record)),
    held: heldBy(['a', 'b'].map((account) => accounts.get(cell.id + account)).filter(Boolean)),
  };
}

// What the accounts have in use, though no turn runs any more.
function heldBy(accounts) {
  const sum = (valueOf) => accounts.reduce((all, account) => all + valueOf(account), 0);
  return {
    running: sum(({ running }) => running),
    waiting: sum(({ waiting }) => waiting),
    leased: sum(({ leased }) => leased),
    unparked: sum(({ connections, parked }) => connections - parked),
  };
}

// A line for whatever differs.
export function differences(observed, expected) {
  return Object.keys(expected)
    .filter((name) => !isDeepStrictEqual(observed[name], expected[name]))
    .map((name) => `${name}:\n  expected ${JSON.stringify(expected[name])}\n  got      ${JSON.stringify(observed[name])}`);
}

// A turn that ends well also has its events in order.
function seen({ types, terminal, error, events }) {
  if (terminal.type === 'response.completed') {
    const isInOrder = events.every((event, at) => event.sequence_number === at);
    return { types: isInOrder ? types : events.map((event) => `${event.sequence_number} ${event.type}`) };
  }
  const { status = null, headers } = terminal;
  return { types, code: error.code, status, hasRetryAfter: hasRetryAfter(headers) };
}

function hasRetryAfter(headers) {
  const seconds = Number(headers?.['retry-after']);
  return seconds > 0 && seconds <= kReset;
}

// The retries of a daemon that tries again until its time is spent are not counted.
function linesOf(connections = [], cell, played) {
  const lines = connections.map(({ status, messages }) => [status, ...messages.map((text) => nameOf(text, cell, played))].join(' '));
  return cell.again && cell.fault.row === 'dial' ? lines.filter((line, at) => line !== lines[at - 1]) : lines;
}

function nameOf(text, cell, { creates, context, contextOfNext }) {
  if (isPlain(cell)) {
    const sent = Object.keys(creates).find((name) => JSON.stringify({ type: 'response.create', ...creates[name] }) === text);
    if (sent) return sent;
  }
  const create = withoutSides(JSON.parse(text), cell);
  const known = !isPlain(cell) && Object.keys(creates).find((name) => isDeepStrictEqual(create, creates[name]));
  if (known) return known;
  if (isRebuilt(create, creates.original, context)) return 'rebuilt';
  return contextOfNext && isRebuilt(create, creates.next, contextOfNext) ? 'next rebuilt' : text.slice(0, 2000);
}

// What a create has of what client and account speak: `type` on WebSocket alone, `stream` always over HTTP.
function withoutSides({ type, stream, ...create }, { client, upstream }) {
  const isHttp = upstream === 'http';
  const isAsItShould = type === (isHttp ? undefined : 'response.create') && stream === (isHttp || client === 'sse' ? true : undefined);
  return isAsItShould ? create : { type, stream, ...create };
}

// The whole context instead of a parent; all else as it was.
function isRebuilt(create, { previous_response_id, ...original }, context) {
  return isDeepStrictEqual(create, { ...original, input: context });
}

// A host that refuses is back soon after its first refusal, but maybe not before the second.
function shortRecord({ fault }, { account, status, attempts, retry_reason, cost_nano_usd }) {
  const count = fault.refuses ? Math.min(attempts, 2) : attempts;
  return [account.slice(-1), status, count, retry_reason, cost_nano_usd === 0 ? 'free' : 'billed'];
}

// The connections of each path of a sim in their order: {status, messages}; over HTTP the status is "http".
export function connectionsByPath(transcript) {
  const connections = new Map();
  const paths = new Map();
  const begin = (connection, status, path) => {
    const begun = { status, messages: [] };
    connections.set(connection, begun);
    paths.set(path, [...(paths.get(path) ?? []), begun]);
  };
  for (const { connection, upgrade, request, message } of transcript) {
    if (upgrade) begin(connection, upgrade.status, upgrade.target);
    else if (request && !connections.has(connection)) begin(connection, 'http', request.target);
    else if (message !== undefined) connections.get(connection).messages.push(message);
  }
  return paths;
}
