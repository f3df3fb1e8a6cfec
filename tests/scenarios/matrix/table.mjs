// The fault matrix: what breaks, when, in which conversation, and what client and account speak. Every combination is a cell,
// but for those that `whyNot` refuses. What a cell must lead to is in expectation.mjs.

// Stands in the input of the create that meets the fault, and nowhere else.
export const kMark = 'trouble';
// Comes before the fault where it comes after content; an answer has kDeltas.
export const kDeltasSeen = 2;
export const kDeltas = 4;
// How long a limited account says it wants to be left alone.
export const kReset = 60;
const kKeyRefused = { error: { type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key provided.' } };
const kTooMuch = 'Request too large for sim-1 on tokens per min (TPM): Limit 30000, Requested 50000.';
const kRetryAfter = { 'retry-after': `${kReset}` };

const kNotHere = { error: { type: 'invalid_request_error', code: null, message: "Response with id 'resp_0' not found." } };
const answerOf = (status, body = {}, headers = {}) => ({ status, body, headers });

// row: of behaviour.md section 5, and of http.md section 6.6. One of
// - upgrade: what the sim answers to the dial, `seen` in its transcript as this status; refuses: nobody listens there
// - fault: what happens to the connection, at any time; hang: to the response alone; cutsBody: its body ends, without its end
// - error, failed: the upstream's words; answer: over HTTP instead of the API's, `told` with that status and code
// on: the upstream's side that has it, if not both; stand: the daemon that it needs (stand.mjs), if not the usual one.
export const kFaults = [
  { name: 'dial refused', row: 'dial', refuses: true },
  { name: 'dial reset', row: 'dial', on: 'ws', upgrade: { reset: true }, seen: 0 },
  { name: 'dial with a wrong accept', row: 'dial', on: 'ws', upgrade: { wrong_accept: true }, seen: 101 },
  { name: 'dial 503', row: 'dial', on: 'ws', upgrade: { status: 503, body: {} }, seen: 503, reason: 'dial_refused' },
  { name: 'dial 403 with a page', row: 'dial', on: 'ws', upgrade: { status: 403, body: '<html>' }, seen: 403, reason: 'dial_refused' },
  { name: 'dial unanswered', row: 'dial', on: 'ws', upgrade: { hang: true }, seen: 0, reason: 'upstream_timeout', stand: 'patient' },
  { name: 'dial 401', row: 'credentials', on: 'ws', upgrade: { status: 401, body: {} }, seen: 401 },
  { name: 'dial 403 about the key', row: 'credentials', on: 'ws', upgrade: { status: 403, body: kKeyRefused }, seen: 403 },
  { name: 'dial 429', row: 'limit', on: 'ws', upgrade: { status: 429, headers: kRetryAfter, body: {} }, seen: 429 },

  { name: 'reset', row: 'loss', fault: { kind: 'reset' } },
  { name: 'end of stream (1006)', row: 'loss', fault: { kind: 'eof' } }, // a client cannot tell the two apart
  { name: 'end of the body', row: 'loss', on: 'http', cutsBody: true },
  { name: 'close 1000', row: 'loss', on: 'ws', fault: { kind: 'close', code: 1000 } },
  { name: 'close 1001', row: 'loss', on: 'ws', fault: { kind: 'close', code: 1001 } },
  { name: 'close 1011', row: 'loss', on: 'ws', fault: { kind: 'close', code: 1011 } },
  { name: 'close 1012', row: 'restart', on: 'ws', fault: { kind: 'close', code: 1012 } },
  { name: 'close 1013', row: 'restart', on: 'ws', fault: { kind: 'close', code: 1013 } },
  { name: 'close 1009', row: 'tooLarge', on: 'ws', fault: { kind: 'close', code: 1009 } },
  { name: 'silence', row: 'silence', hang: true, stand: 'impatient' },
  { name: 'half-open', row: 'silence', on: 'ws', fault: { kind: 'half_open' }, stand: 'pinging' },

  { name: 'error 400', row: 'request', error: { status: 400, code: 'invalid_value' } },
  { name: 'error 429', row: 'limit', error: { status: 429, code: 'rate_limit_exceeded', headers: kRetryAfter } },
  { name: 'error 429 of one request', row: 'request', error: { status: 429, code: 'rate_limit_exceeded', message: kTooMuch } },
  { name: 'error 500', row: 'server', error: { status: 500, code: 'server_error' } },
  { name: 'error 503', row: 'server', error: { status: 503, code: 'unavailable' }, needsStatus: true },
  { name: 'parent not found', row: 'parent', error: { status: 400, code: 'previous_response_not_found' } },
  { name: 'no tool output', row: 'pairing', error: { status: 400, message: 'No tool output found for function call call_1.' }, needsStatus: true },
  { name: 'connection limit', row: 'connectionLimit', on: 'ws', error: { status: 400, code: 'websocket_connection_limit_reached' } },

  { name: 'failed server error', row: 'server', failed: { code: 'server_error' } },
  { name: 'failed rate limit', row: 'limit', failed: { code: 'rate_limit_exceeded', message: `Try again in ${kReset}s.` } },
  { name: 'failed invalid prompt', row: 'request', failed: { code: 'invalid_prompt' } },

  { name: 'answer 401', row: 'credentials', answer: answerOf(401, kKeyRefused) },
  { name: 'answer 403 about the key', row: 'credentials', answer: answerOf(403, kKeyRefused) },
  { name: 'answer 402', row: 'credit', answer: answerOf(402, { error: { code: 402, message: 'Insufficient credits' } }) },
  { name: 'answer 403 with a page', row: 'challenge', answer: answerOf(403, '<html>') },
  { name: 'answer 404 of something else', row: 'path', answer: answerOf(404, 'Not Found') },
  { name: 'answer 405', row: 'path', answer: answerOf(405) },
  { name: 'answer 307', row: 'path', answer: answerOf(307, '', { location: 'http://127.0.0.1:1/' }) },
  { name: 'answer 404 to the parent', row: 'parent', answer: answerOf(404, kNotHere), told: { code: null, status: 404 } },
  { name: 'answer 408', row: 'notNow', answer: answerOf(408), told: { code: null, status: 408 } },
  { name: 'answer 409', row: 'notNow', answer: answerOf(409, { error: { message: 'Later.' } }), told: { code: null, status: 409 } },
  { name: 'answer 425', row: 'notNow', answer: answerOf(425), told: { code: null, status: 425 } },
  { name: 'answer 413', row: 'request', answer: answerOf(413, { error: { message: 'Too large.' } }), told: { code: null, status: 400 } },
  { name: 'answer 415', row: 'request', answer: answerOf(415, { error: { message: 'No.' } }), told: { code: null, status: 415 } },
  { name: 'answer 422 of FastAPI', row: 'request', answer: answerOf(422, { detail: [{ msg: 'No.' }] }), told: { code: null, status: 422 } },
  { name: 'answer 500 with a page', row: 'server', answer: answerOf(500, '<html>'), told: { code: 'upstream_error', status: 500 } },
  { name: 'answer 502', row: 'server', answer: answerOf(502), told: { code: null, status: 502 } },
  { name: 'answer 520', row: 'server', answer: answerOf(520, '<html>'), told: { code: 'upstream_error', status: 520 } },
  { name: 'answer 529', row: 'overload', answer: answerOf(529) },
  { name: 'answer 503, overloaded', row: 'overload', answer: answerOf(503, { error: { code: 'server_is_overloaded', message: 'No.' } }) },
];
for (const fault of kFaults) if (fault.answer) fault.on = 'http';

// when: of the sim's script. In a fresh phase the connection of the turn before is gone, so that there is a dial.
export const kPhases = [
  { name: 'before it is sent', isDial: true, isFresh: true },
  { name: 'while it is sent', on: 'http', isFresh: true, isPartial: true, stand: 'large' },
  { name: 'after it is sent', when: 'before' },
  { name: 'after it is sent on a new connection', on: 'http', when: 'before', isFresh: true },
  { name: 'after lifecycle', when: 'created', isBegun: true },
  { name: 'after content', when: `content:${kDeltasSeen}`, isBegun: true, isSeen: true },
  { name: 'between turns', when: 'after', isIdle: true },
];

// What the client speaks, and what its account.
export const kSides = ['ws', 'sse', 'document'].flatMap((client) => ['ws', 'http'].map((upstream) => ({ client, upstream })));
export const isPlain = ({ client, upstream }) => client === 'ws' && upstream === 'ws';

export const kLarge = '-'.repeat(8 << 20);

export const kMostRemembered = 16 * 1024; // continuity.chain_max_per_session

const kWeather = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const kSetup = { model: 'sim-1', store: false, input: 'setup' };
const inTrouble = { model: 'sim-1', store: false, input: [{ role: 'user', content: kMark }] };

// setup: the create before; create: the one that meets the fault, by the first one's turn.
export const kKinds = [
  { name: 'new conversation', setup: kSetup, create: () => inTrouble, isNew: true, isComplete: true },
  {
    name: 'stored parent',
    setup: { ...kSetup, store: true },
    create: (setup) => ({ ...inTrouble, store: true, previous_response_id: setup.id }),
    isStored: true,
    isComplete: true,
  },
  {
    name: 'unstored parent',
    setup: kSetup,
    create: (setup) => ({ ...inTrouble, previous_response_id: setup.id }),
    isComplete: true,
  },
  {
    name: 'unstored parent that nobody remembers',
    setup: { ...kSetup, input: 'setup '.repeat(kMostRemembered / 4) },
    create: (setup) => ({ ...inTrouble, previous_response_id: setup.id }),
    isComplete: false,
  },
  {
    name: 'tool outputs',
    setup: { ...kSetup, tools: [kWeather], input: 'setup: what is the weather in Bern?' },
    create: (setup) => ({
      ...inTrouble,
      input: [{ type: 'function_call_output', call_id: setup.calls[0].call_id, output: kMark }],
      previous_response_id: setup.id,
    }),
    isComplete: true,
  },
];

// With two accounts, the first of them has the fault: the rows that go to another account, and one of each other.
const kMovable = new Set(['dial', 'credentials', 'limit', 'server', 'credit', 'challenge', 'path', 'overload']);
const kStay = new Set(['reset', 'close 1012', 'parent not found', 'connection limit', 'error 400', 'answer 408']);
const kFinal = new Set(['credentials', 'limit', 'request', 'tooLarge', 'credit', 'path']); // what the first time decides

// The first of each row: beside it the others of the row have, where HTTP is, each moment but not each conversation.
const isFirstOfRow = (fault, upstream) => fault === kFaults.find(({ row, on = upstream }) => row === fault.row && on === upstream);
const kTwoKinds = new Set(['new conversation', 'unstored parent']); // what goes up again as it came, and what does not

// Why there is no such cell, of what one upstream can do; nothing if there is.
function whyNot({ fault, phase, kind, again, accounts, client, upstream }) {
  const isOfDial = fault.refuses || fault.upgrade;
  const isOfConnection = Boolean(fault.fault);
  if ([fault, phase].some(({ on = upstream }) => on !== upstream)) return 'the account does not speak so';
  if (isOfDial && !phase.isDial) return 'a dial comes before its connection';
  if (phase.isDial && !isOfDial && upstream === 'http') return 'a request comes with its connection';
  if (phase.isDial && !isOfDial && !isOfConnection) return 'there is no response yet';
  if (phase.isPartial && !isOfConnection) return 'nobody answers what has not come';
  if (phase.isPartial && (!kind.isNew || again)) return 'its size is all that counts';
  if (fault.row === 'tooLarge' && (phase.isDial || phase.isIdle || phase.isSeen)) return 'it is no word about a create';
  if (phase.isIdle && !isOfConnection) return 'there is no response any more: what is said is dropped';
  if (phase.isDial && !kind.isComplete) return 'nothing is dialed for it, as it shows between turns';
  if (upstream === 'http' && !kind.isComplete && !phase.isIdle) return 'nothing is sent of it, as it shows between turns';
  if (fault.failed && !phase.isBegun) return 'response.failed comes after response.created';
  if (fault.answer && phase.isBegun) return 'a status comes before its response';
  if (fault.needsStatus && upstream === 'http' && phase.isBegun) return 'inside a stream there is no status that would tell what it is';
  if (fault.cutsBody && !phase.isSeen) return 'the sim ends no body before its content';
  if (upstream === 'http' && phase.isFresh && !isOfConnection && !isOfDial) return 'what is said is said on any connection';
  if (again && phase.isIdle) return 'what is not tried again cannot fail again';
  if (again && phase.isSeen && !(client === 'document' && isOfConnection)) return 'what is not tried again cannot fail again';
  if (again && kFinal.has(fault.row)) return 'once is for good';
  if (again && fault.upgrade?.hang) return 'it takes longer than all others together';
  if (accounts === 2 && again) return 'the second time is the other account';
  if (accounts === 2 && phase.isIdle) return 'it is no failure of a turn';
  if (accounts === 2 && !kMovable.has(rowOf(fault, phase)) && !kStay.has(fault.name)) return 'it stays, as others of its row';
  return whyNotWithHttp({ fault, phase, kind, again, accounts, client, upstream });
}

function whyNotWithHttp({ fault, kind, again, accounts, client, upstream }) {
  if (isPlain({ client, upstream }) || isFirstOfRow(fault, upstream)) return undefined;
  if (upstream === 'ws') return 'the client hears what it hears of its row';
  if (again || accounts === 2 || !kTwoKinds.has(kind.name)) return 'it goes the way of its row';
  return undefined;
}

// What was not whole was not executed: it counts as a dial.
export const rowOf = (fault, phase) => (phase.isPartial ? 'dial' : fault.row);

function nameOf({ fault, phase, kind, again, accounts, client, upstream }) {
  const more = (again ? ', again and again' : '') + (accounts === 2 ? ', with another account' : '');
  return `${client} on ${upstream}: ${fault.name}, ${phase.name}, ${kind.name}${more}`;
}

function* combinations() {
  for (const sides of kSides)
    for (const accounts of [1, 2])
      for (const again of [false, true])
        for (const fault of kFaults)
          for (const phase of kPhases)
            for (const kind of kKinds) yield { fault, phase, kind, again, accounts, ...sides };
}

export const kCells = [];
export const kLeftOut = new Map(); // how many, by why

for (const cell of combinations()) {
  const why = whyNot(cell);
  if (why) kLeftOut.set(why, (kLeftOut.get(why) ?? 0) + 1);
  else kCells.push({ ...cell, id: `c${kCells.length}`, name: nameOf(cell), stand: cell.phase.stand ?? cell.fault.stand ?? 'usual' });
}
