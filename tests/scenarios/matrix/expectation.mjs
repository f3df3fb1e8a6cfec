import { kDeltas, kDeltasSeen } from './table.mjs';

// What a cell must lead to, by behaviour.md section 5 (and 4 for what becomes of a conversation, 7 for what is recorded).
// In the form of observation.mjs.

const kLifecycle = ['response.created', 'response.in_progress'];
const kOpening = [...kLifecycle, 'response.output_item.added', 'response.content_part.added'];
const kClosing = ['response.output_text.done', 'response.content_part.done', 'response.output_item.done'];

const deltas = (count) => Array(count).fill('response.output_text.delta');
const kAnswer = [...kOpening, ...deltas(kDeltas), ...kClosing];
const kBeginning = [...kOpening, ...deltas(kDeltasSeen)];

const kCompleted = { types: [...kAnswer, 'response.completed'] };
const kGone = { code: 'previous_response_not_found', status: 400 };
const kLimited = { code: 'rate_limit_exceeded', status: 429, hasRetryAfter: true };
const kTooLarge = { code: 'request_too_large', status: 400 };
const kNobody = { code: 'no_account_available', status: 503 };
const kLost = { code: 'upstream_disconnected', status: 502 };
const kLoss = {
  loss: kLost,
  restart: { code: 'upstream_restart', status: 503 },
  silence: { code: 'upstream_timeout', status: 504 },
};

// The stable words of `retry_reason`.
const kReasons = {
  dial: 'dial_failed',
  credentials: 'account_refused',
  limit: 'rate_limited',
  loss: 'upstream_lost',
  restart: 'upstream_restart',
  silence: 'upstream_timeout',
  server: 'server_error',
  parent: 'parent_not_found',
  pairing: 'tool_pairing',
  connectionLimit: 'connection_limit',
};

// How the turn ends. to: where its second attempt goes, if there is one; stays: its connection is there afterwards.
const kSame = 'same connection';
const kNew = 'new connection';
const kOther = 'other account';

const mended = (to) => ({ end: 'mended', to });
const told = (error, more = {}) => ({ end: 'told', error, ...more });
const relayed = (more = {}) => ({ end: 'relayed', stays: true, ...more });

// On another connection of the same account: once; a conversation that nobody stored is rebuilt, if it is known.
function onceMore(cell, to, end) {
  if (!cell.kind.isComplete) return told(kGone);
  return cell.again ? { ...end, to } : mended(to);
}

// A turn can go to another account if its context can.
const canMove = ({ kind, accounts }) => accounts === 2 && kind.isComplete;

// Rebuilt, on the connection that misses something; once. "If the chain has the calls": those of these cells it has.
function rebuilt(cell) {
  if (cell.kind.isNew || !cell.kind.isComplete) return relayed();
  return cell.again ? relayed({ to: kSame, isRebuilt: true }) : { ...mended(kSame), isRebuilt: true };
}

// The rows of section 5, column "nothing or only held events seen".
const kUnseen = {
  dial: (cell) => (canMove(cell) ? mended(kOther) : cell.again ? told(kLost) : mended(kNew)),
  credentials: (cell) => ({ ...(canMove(cell) ? mended(kOther) : told(kNobody)), account: 'out' }),
  limit: (cell) => ({ ...limited(cell), account: 'cools' }),
  loss: (cell) => onceMore(cell, kNew, told(kLost)),
  restart: (cell) => onceMore(cell, kNew, told(kLoss.restart)),
  silence: (cell) => onceMore(cell, kNew, told(kLoss.silence)),
  parent: rebuilt,
  pairing: rebuilt,
  connectionLimit: (cell) => onceMore(cell, kNew, relayed({ stays: false })),
  request: () => relayed(),
  tooLarge: () => told(kTooLarge),
  server: serverError,
};

// Told of a lost context, a client comes again with all of it, and then gets the other account.
function limited(cell) {
  if (canMove(cell)) return mended(kOther);
  return told(cell.accounts === 2 ? kGone : kLimited, { stays: true });
}

// An upstream forgets the parent of a request that fails (protocol.md section 5), so a chained one is sent whole.
function serverError(cell) {
  if (canMove(cell)) return mended(kOther);
  if (!cell.kind.isComplete) return relayed();
  return cell.again ? relayed({ to: kSame }) : mended(kSame);
}

// Column "content seen".
function afterContent({ fault }) {
  if (fault.row in kLoss) return told(kLoss[fault.row]);
  return relayed({ stays: fault.row !== 'connectionLimit', account: fault.row === 'limit' ? 'cools' : undefined });
}

// What died between turns is no failure of the next: it begins on a new connection (section 4).
const afterIdle = ({ kind }) => (kind.isComplete ? { end: 'mended', isFirst: true, to: kNew } : told(kGone));

function outcomeOf(cell) {
  if (cell.phase.isIdle) return afterIdle(cell);
  return cell.phase.isSeen ? afterContent(cell) : kUnseen[cell.fault.row](cell);
}

const failure = (types, { code, status, hasRetryAfter = false }) => ({ types, code, status, hasRetryAfter });

function seenTurn(cell, outcome) {
  const { fault, phase } = cell;
  if (outcome.end === 'mended') return kCompleted;
  if (outcome.end === 'told') return failure([...(phase.isSeen ? kBeginning : []), 'error'], outcome.error);
  const before = !phase.isBegun ? [] : !phase.isSeen ? kLifecycle : fault.failed ? kAnswer : kBeginning;
  if (fault.failed) return failure([...before, 'response.failed'], { code: fault.failed.code, status: null });
  const { code = null, status, headers } = fault.error;
  return failure([...before, 'error'], { code, status, hasRetryAfter: Boolean(headers) });
}

// Not even the turns after it get a connection.
const isUnreachable = ({ phase, again }) => phase.isDial && again;

const hasSecond = (outcome) => outcome.to !== undefined && !outcome.isFirst;

// What the second attempt sends: the client's own bytes, unless the parent stayed behind with its connection or account.
function contextOf({ kind }, outcome) {
  if (outcome.isRebuilt) return 'rebuilt';
  return kind.isNew || (kind.isStored && outcome.to !== kOther) ? 'original' : 'rebuilt';
}

// What both accounts got: a line for each connection, with its creates. Changes as the cell goes on.
class Upstreams {
  a = [['101', 'setup']];
  b = [];

  constructor(cell, outcome) {
    const { fault, phase } = cell;
    this.live = phase.isDial || phase.isIdle ? undefined : this.a[0];
    if (phase.isDial) this.failDial(fault);
    else if (!phase.isIdle) this.live.push('original');
    if (outcome.to === undefined) {
      if (!outcome.stays) this.live = undefined;
      return;
    }
    if (isUnreachable(cell)) this.failDial(fault);
    else this.send(outcome.to, contextOf(cell, outcome));
    if (outcome.end !== 'mended' && !outcome.stays) this.live = undefined;
  }

  failDial({ refuses, seen = 101 }) {
    if (!refuses) this.a.push([`${seen}`]);
  }

  send(to, create) {
    const account = to === kOther ? this.b : this.a;
    if (to !== kSame) account.push((this.live = ['101']));
    this.live.push(create);
  }

  lines() {
    const lines = (connections) => connections.map((connection) => connection.join(' '));
    return { a: lines(this.a), b: lines(this.b) };
  }
}

// The turn after, and a stranger's after that: what has become of the socket, and of the account.
function later(cell, outcome, upstreams) {
  const isShut = outcome.account !== undefined;
  if (isShut && cell.accounts === 1) {
    const refused = failure(['error'], outcome.account === 'out' ? kNobody : kLimited);
    return { next: refused, probe: refused };
  }
  let next = kCompleted;
  if (outcome.end === 'mended') {
    upstreams.send(kSame, 'next');
  } else if (isUnreachable(cell)) {
    next = failure(['error'], outcome.error);
    if (hasSecond(outcome)) [1, 2].forEach(() => upstreams.failDial(cell.fault));
  } else {
    upstreams.send(isShut ? kOther : upstreams.live ? kSame : kNew, 'next');
  }
  upstreams.send(isShut ? kOther : kNew, 'probe');
  return { next, probe: kCompleted };
}

// Told otherwise than the upstream said it, and yet said by it.
const kWords = new Set(['limit', 'connectionLimit']);

// A record for a turn that got a response, free if nothing of it was delivered (section 7, docs/decisions.md):
// [account, status, attempts, reason, cost].
function recordOf(cell, outcome) {
  const attempts = hasSecond(outcome) ? 2 : 1;
  const reason = hasSecond(outcome) ? (cell.fault.reason ?? kReasons[cell.fault.row]) : '';
  if (outcome.end === 'mended') return [outcome.to === kOther ? 'b' : 'a', 'completed', attempts, reason, 'billed'];
  if (!cell.phase.isBegun) return undefined;
  const isEnded = outcome.end === 'relayed' || kWords.has(cell.fault.row); // by the upstream's own word
  const status = isEnded ? 'failed' : 'aborted';
  return ['a', status, attempts, reason, cell.phase.isSeen ? 'billed' : 'free'];
}

function recordsOf(cell, outcome, { next, probe }) {
  const recordAt = (account, turn) => (turn === kCompleted ? [[account, 'completed', 1, '', 'billed']] : []);
  const isShut = outcome.account !== undefined;
  const nextAt = outcome.to === kOther || isShut ? 'b' : 'a';
  const records = [['a', 'completed', 1, '', 'billed'], recordOf(cell, outcome)];
  return [...records.filter(Boolean), ...recordAt(nextAt, next), ...recordAt(isShut ? 'b' : 'a', probe)];
}

// How often the account is charged: each loss and each 5xx counts once. Nothing where section 5 does not say, and for what
// is dialed: its connection of the turn before was lost too.
export function faultsOf(cell) {
  const { phase, fault } = cell;
  if (phase.isDial || phase.isIdle) return undefined;
  const outcome = outcomeOf(cell);
  const isFault = fault.row in kLoss || fault.row === 'server';
  return isFault ? (outcome.end !== 'mended' && hasSecond(outcome) ? 2 : 1) : 0;
}

export function expectation(cell) {
  const outcome = outcomeOf(cell);
  const upstreams = new Upstreams(cell, outcome);
  const after = later(cell, outcome, upstreams);
  return {
    turn: seenTurn(cell, outcome),
    ...after,
    unread: [],
    upstream: upstreams.lines(),
    records: recordsOf(cell, outcome, after),
    held: { running: 0, waiting: 0, leased: 0, unparked: 0 },
  };
}
