import { kDeltas, kDeltasSeen, rowOf } from './table.mjs';

// What a cell must lead to, by behaviour.md section 5 (and 4 for what becomes of a conversation, 7 for what is recorded), and
// by http.md sections 4 to 7 where HTTP is. In the form of observation.mjs.

const kLifecycle = ['response.created', 'response.in_progress'];
const kOpening = [...kLifecycle, 'response.output_item.added', 'response.content_part.added'];
const kClosing = ['response.output_text.done', 'response.content_part.done', 'response.output_item.done'];

const deltas = (count) => Array(count).fill('response.output_text.delta');
const kAnswer = [...kOpening, ...deltas(kDeltas), ...kClosing];
const kBeginning = [...kOpening, ...deltas(kDeltasSeen)];

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
  part: 'upstream_lost',
  credentials: 'account_refused',
  limit: 'rate_limited',
  loss: 'upstream_lost',
  restart: 'upstream_restart',
  silence: 'upstream_timeout',
  server: 'server_error',
  parent: 'parent_not_found',
  pairing: 'tool_pairing',
  connectionLimit: 'connection_limit',
  stale: 'stale_connection',
  credit: 'quota',
  challenge: 'challenge',
  path: 'no_responses_api',
  notNow: 'not_now',
  overload: 'overloaded',
};

const isOverHttp = ({ upstream }) => upstream === 'http';

// What the client has before a turn's end: who waits for a document, nothing.
const isSeen = ({ phase, client }) => Boolean(phase.isSeen) && client !== 'document';

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

// Nothing of a conversation lives in a connection over HTTP: what nobody stored was sent whole.
const wasSentWhole = (cell) => cell.kind.isNew || (isOverHttp(cell) && !cell.kind.isStored);

// Rebuilt, on the connection that misses something; once. "If the chain has the calls": those of these cells it has.
function rebuilt(cell) {
  if (wasSentWhole(cell) || !cell.kind.isComplete) return relayed();
  return cell.again ? relayed({ to: kSame, isRebuilt: true }) : { ...mended(kSame), isRebuilt: true };
}

// Another account if it can, else the same once more; at last `end`.
function elsewhereOrOnceMore(cell, end) {
  if (canMove(cell)) return mended(kOther);
  if (!cell.kind.isComplete) return end;
  return cell.again ? { ...end, to: kSame } : mended(kSame);
}

// The rows of section 5, column "nothing or only held events seen".
const kUnseen = {
  dial: (cell) => (canMove(cell) ? mended(kOther) : cell.again ? told(kLost) : mended(kNew)),
  credentials: (cell) => ({ ...(canMove(cell) ? mended(kOther) : told(kNobody)), account: 'out' }),
  limit: (cell) => ({ ...limited(cell), account: 'cools' }),
  loss: lost,
  restart: (cell) => onceMore(cell, kNew, told(kLoss.restart)),
  silence: (cell) => onceMore(cell, kNew, told(kLoss.silence)),
  parent: rebuilt,
  pairing: rebuilt,
  connectionLimit: (cell) => onceMore(cell, kNew, relayed({ stays: false })),
  request: () => relayed(),
  tooLarge: () => told(kTooLarge),
  // An upstream forgets the parent of a request that fails (protocol.md section 5), so a chained one is sent whole.
  server: (cell) => elsewhereOrOnceMore(cell, relayed()),
  credit: (cell) => ({ ...(canMove(cell) ? mended(kOther) : told(kNobody, { stays: true })), account: 'cools' }),
  challenge: (cell) => elsewhereOrOnceMore(cell, told(kNobody, { stays: true })),
  overload: (cell) => elsewhereOrOnceMore(cell, told(kNobody, { stays: true })),
  path: (cell) => ({ ...(canMove(cell) ? mended(kOther) : told(kNobody)), account: 'out' }),
  notNow: (cell) => (cell.again ? relayed({ to: kSame }) : mended(kSame)),
};

// A connection that was kept may end just when a request comes: once more, free, and that one is a loss like others.
function lost(cell) {
  const outcome = onceMore(cell, kNew, told(kLost));
  return isStale(cell) ? { ...outcome, isStale: true } : outcome;
}

const isStale = (cell) => isOverHttp(cell) && cell.fault.row === 'loss' && cell.phase.when === 'before' && !cell.phase.isFresh;

// Told of a lost context, a client comes again with all of it, and then gets the other account.
function limited(cell) {
  if (canMove(cell)) return mended(kOther);
  return told(cell.accounts === 2 ? kGone : kLimited, { stays: true });
}

// Column "content seen". Who waits for a document has seen none: a loss is tried once more all the same.
function afterContent(cell) {
  const { fault } = cell;
  const isOfConnection = fault.row in kLoss || fault.row === 'connectionLimit';
  if (isOfConnection && !isSeen(cell)) return kUnseen[fault.row](cell);
  if (fault.row in kLoss) return told(kLoss[fault.row]);
  return relayed({ stays: fault.row !== 'connectionLimit', account: fault.row === 'limit' ? 'cools' : undefined });
}

// What died between turns is no failure of the next: it begins on a new connection (section 4).
const afterIdle = ({ kind }) => (kind.isComplete ? { end: 'mended', isFirst: true, to: kNew } : told(kGone));

function outcomeOf(cell) {
  if (cell.phase.isIdle) return afterIdle(cell);
  return cell.phase.isSeen ? afterContent(cell) : kUnseen[rowOf(cell.fault, cell.phase)](cell);
}

// What a client sees. Over HTTP an error is a status until something was sent, and the end of the response after that;
// statuses that ask to come again say when.
const completed = ({ client }) => ({ types: client === 'document' ? [] : [...kAnswer, 'response.completed'] });

const kLater = new Set([429, 503]);

function withError(cell, before, { code, status, hasRetryAfter = false }) {
  if (cell.client === 'ws') return { types: [...before, 'error'], code, status, hasRetryAfter };
  if (cell.client === 'document' || !isSeen(cell))
    return { types: [], code, status, hasRetryAfter: hasRetryAfter || kLater.has(status) };
  return { types: [...before, 'response.failed'], code: code ?? 'server_error', status: null, hasRetryAfter: false };
}

const kFailures = { server_error: 500, rate_limit_exceeded: 429, invalid_prompt: 400 };

function withFailure(cell, before, { code }) {
  if (cell.client !== 'document') return { types: [...before, 'response.failed'], code, status: null, hasRetryAfter: false };
  const status = cell.phase.isSeen ? 200 : kFailures[code]; // that of the response, or of its lack
  return { types: [], code, status, hasRetryAfter: kLater.has(status) };
}

function seenTurn(cell, outcome) {
  const { fault, phase } = cell;
  if (outcome.end === 'mended') return completed(cell);
  if (outcome.end === 'told') return withError(cell, isSeen(cell) ? (fault.cutsBody ? kAnswer : kBeginning) : [], outcome.error);
  const before = !phase.isBegun ? [] : !phase.isSeen ? kLifecycle : fault.failed ? kAnswer : kBeginning;
  return fault.failed ? withFailure(cell, before, fault.failed) : withError(cell, before, wordsOf(cell));
}

function wordsOf({ fault, phase, upstream }) {
  if (fault.told) return fault.told;
  const { code = null, status, headers } = fault.error;
  const isFlat = upstream === 'http' && phase.isBegun; // inside a stream: without status and headers
  return { code, status, hasRetryAfter: Boolean(headers) && !isFlat };
}

// Not even the turns after it get a connection.
const isUnreachable = ({ phase, again }) => phase.isDial && again;

const hasSecond = (outcome) => outcome.to !== undefined && !outcome.isFirst;

// What goes up: the client's own bytes, unless the parent stays behind with its connection or account.
const firstContext = (cell) => (cell.kind.isNew || cell.kind.isStored || !isOverHttp(cell) ? 'original' : 'rebuilt');

function contextOf({ kind }, outcome) {
  if (outcome.isRebuilt) return 'rebuilt';
  return kind.isNew || (kind.isStored && outcome.to !== kOther) ? 'original' : 'rebuilt';
}

// What both accounts got: a line for each connection, with its creates. Changes as the cell goes on.
class Upstreams {
  a = [];
  b = [];
  #idle = {}; // over HTTP: what any session may use

  constructor(cell, outcome) {
    const { fault, phase } = cell;
    this.isOverHttp = isOverHttp(cell);
    this.send(kNew, 'setup');
    if (phase.isFresh || phase.isIdle) this.lose();
    if (phase.isDial) this.failDial(fault);
    else if (!phase.isIdle && !(this.isOverHttp && !cell.kind.isComplete)) this.begin(cell);
    if (outcome.to === undefined) {
      if (!outcome.stays) this.lose();
      return;
    }
    if (isUnreachable(cell)) this.failDial(fault);
    else this.goOn(cell, outcome);
    if (outcome.end !== 'mended' && !outcome.stays) this.lose();
  }

  begin(cell) {
    if (!cell.phase.isPartial) return this.send(this.live ? kSame : kNew, firstContext(cell));
    this.send(kNew); // which nobody has read
    this.lose();
  }

  goOn(cell, outcome) {
    if (outcome.isStale && outcome.end !== 'mended') this.send(kNew, contextOf(cell, outcome)); // the loss that counts
    this.send(outcome.to, contextOf(cell, outcome));
  }

  failDial({ refuses, seen = 101 }) {
    if (!refuses) this.a.push([`${seen}`]);
  }

  send(to, ...creates) {
    const account = to === kOther ? 'b' : to === kNew ? 'a' : this.at;
    const kept = this.isOverHttp && to !== kNew ? this.#idle[account] : to === kSame ? this.live : undefined;
    this.live = kept ?? this.#open(account);
    this.live.push(...creates);
    this.#idle[account] = this.live;
    this.at = account;
  }

  // Of another session, on the first account or on what is left.
  probe(isShut) {
    const account = isShut ? 'b' : 'a';
    const kept = this.isOverHttp ? this.#idle[account] : undefined;
    (kept ?? this.#open(account)).push('probe');
  }

  lose() {
    this.#idle[this.at] = undefined;
    this.live = undefined;
  }

  #open(account) {
    const connection = [this.isOverHttp ? 'http' : '101'];
    this[account].push(connection);
    return connection;
  }

  lines() {
    const lines = (connections) => connections.map((connection) => connection.join(' '));
    return { a: lines(this.a), b: lines(this.b) };
  }
}

// The turn after, and a stranger's after that: what has become of the socket, and of the account.
function later(cell, outcome, upstreams) {
  const unseen = { ...cell, phase: {} }; // these have nothing before their end
  const isShut = outcome.account !== undefined;
  if (isShut && cell.accounts === 1) {
    const refused = withError(unseen, [], outcome.account === 'out' ? kNobody : kLimited);
    return { next: refused, probe: refused };
  }
  let next = completed(cell);
  if (outcome.end === 'mended') {
    const isAnew = cell.phase.isPartial || cell.kind.isStored;
    upstreams.send(kSame, isOverHttp(cell) && !isAnew ? 'next rebuilt' : 'next');
  } else if (isUnreachable(cell)) {
    next = withError(unseen, [], outcome.error);
    if (hasSecond(outcome)) [1, 2].forEach(() => upstreams.failDial(cell.fault));
  } else {
    upstreams.send(isShut ? kOther : upstreams.live ? kSame : kNew, 'next');
  }
  upstreams.probe(isShut);
  return { next, probe: completed(cell) };
}

// Told otherwise than the upstream said it, and yet said by it.
const kWords = new Set(['limit', 'connectionLimit']);

// A record for a turn that got a response, free if nothing of it was delivered (section 7, docs/decisions.md):
// [account, status, attempts, reason, cost]. What brought content and was tried again all the same has one of its own.
function recordsOfTurn(cell, outcome) {
  const { phase, fault } = cell;
  const why = phase.isPartial ? 'part' : outcome.isStale ? 'stale' : fault.row;
  const reason = hasSecond(outcome) ? (fault.reason ?? kReasons[why]) : '';
  const attempts = hasSecond(outcome) ? 2 : 1;
  const first = kWords.has(fault.row) ? 'failed' : 'aborted';
  const before = phase.isSeen && hasSecond(outcome) ? [['a', first, 1, '', 'billed']] : [];
  if (outcome.end === 'mended') return [...before, [outcome.to === kOther ? 'b' : 'a', 'completed', attempts, reason, 'billed']];
  if (!phase.isBegun) return [];
  const isEnded = outcome.end === 'relayed' || kWords.has(fault.row); // by the upstream's own word
  const status = isEnded ? 'failed' : 'aborted';
  return [...before, ['a', status, attempts, reason, phase.isSeen ? 'billed' : 'free']];
}

function recordsOf(cell, outcome, { next, probe }) {
  const recordAt = (account, turn) => ('code' in turn ? [] : [[account, 'completed', 1, '', 'billed']]);
  const isShut = outcome.account !== undefined;
  const nextAt = outcome.to === kOther || isShut ? 'b' : 'a';
  const records = [['a', 'completed', 1, '', 'billed'], ...recordsOfTurn(cell, outcome)];
  return [...records, ...recordAt(nextAt, next), ...recordAt(isShut ? 'b' : 'a', probe)];
}

// How often the account is charged: each loss and each 5xx counts once. Nothing where section 5 does not say, and for what
// is dialed: its connection of the turn before was lost too.
export function faultsOf(cell) {
  const { phase, fault } = cell;
  if (phase.isFresh || phase.isIdle) return undefined;
  const outcome = outcomeOf(cell);
  const isFault = fault.row in kLoss || ['server', 'challenge', 'overload'].includes(fault.row);
  if (!isFault) return 0;
  const losses = outcome.end !== 'mended' && hasSecond(outcome) ? 2 : 1;
  return outcome.isStale && outcome.end === 'mended' ? 0 : losses;
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
