import { isDeepStrictEqual } from 'node:util';

import { pathOf } from './stand.mjs';
import { kReset } from './table.mjs';

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
  return { types, code: error.code, status: terminal.status ?? null, hasRetryAfter: hasRetryAfter(terminal.headers) };
}

function hasRetryAfter(headers) {
  const seconds = Number(headers?.['retry-after']);
  return seconds > 0 && seconds <= kReset;
}

// The retries of a daemon that tries again until its time is spent are not counted.
function linesOf(connections = [], cell, played) {
  const lines = connections.map(({ status, messages }) => [status, ...messages.map((text) => nameOf(text, played))].join(' '));
  return cell.again && cell.fault.row === 'dial' ? lines.filter((line, at) => line !== lines[at - 1]) : lines;
}

function nameOf(text, { creates, context }) {
  const known = Object.keys(creates).find((name) => creates[name] === text);
  if (known) return known;
  return isRebuilt(JSON.parse(text), JSON.parse(creates.original), context) ? 'rebuilt' : text.slice(0, 2000);
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

// The connections of each path of a sim in their order: {status, messages}.
export function connectionsByPath(transcript) {
  const connections = new Map();
  const paths = new Map();
  for (const { connection, upgrade, message } of transcript) {
    if (upgrade) {
      const begun = { status: upgrade.status, messages: [] };
      connections.set(connection, begun);
      paths.set(upgrade.target, [...(paths.get(upgrade.target) ?? []), begun]);
    } else if (message !== undefined) {
      connections.get(connection).messages.push(message);
    }
  }
  return paths;
}
