// The fault matrix: what breaks, when, and in which conversation. Every combination is a cell, but for those that
// `whyNot` refuses. What a cell must lead to is in expectation.mjs.

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

// row: of behaviour.md section 5. One of
// - upgrade: what the sim answers to the dial, `seen` in its transcript as this status; refuses: nobody listens there
// - fault: what happens to the connection, at any time; hang: to the response alone
// - error, failed: the upstream's words
// stand: the daemon that it needs (rig.mjs), if not the usual one.
export const kFaults = [
  { name: 'dial refused', row: 'dial', refuses: true },
  { name: 'dial reset', row: 'dial', upgrade: { reset: true }, seen: 0 },
  { name: 'dial with a wrong accept', row: 'dial', upgrade: { wrong_accept: true }, seen: 101 },
  { name: 'dial 503', row: 'dial', upgrade: { status: 503, body: {} }, seen: 503, reason: 'dial_refused' },
  { name: 'dial 403 with a page', row: 'dial', upgrade: { status: 403, body: '<html>' }, seen: 403, reason: 'dial_refused' },
  { name: 'dial unanswered', row: 'dial', upgrade: { hang: true }, seen: 0, reason: 'upstream_timeout', stand: 'patient' },
  { name: 'dial 401', row: 'credentials', upgrade: { status: 401, body: {} }, seen: 401 },
  { name: 'dial 403 about the key', row: 'credentials', upgrade: { status: 403, body: kKeyRefused }, seen: 403 },
  { name: 'dial 429', row: 'limit', upgrade: { status: 429, headers: kRetryAfter, body: {} }, seen: 429 },

  { name: 'reset', row: 'loss', fault: { kind: 'reset' } },
  { name: 'end of stream (1006)', row: 'loss', fault: { kind: 'eof' } }, // a client cannot tell the two apart
  { name: 'close 1000', row: 'loss', fault: { kind: 'close', code: 1000 } },
  { name: 'close 1001', row: 'loss', fault: { kind: 'close', code: 1001 } },
  { name: 'close 1011', row: 'loss', fault: { kind: 'close', code: 1011 } },
  { name: 'close 1012', row: 'restart', fault: { kind: 'close', code: 1012 } },
  { name: 'close 1013', row: 'restart', fault: { kind: 'close', code: 1013 } },
  { name: 'close 1009', row: 'tooLarge', fault: { kind: 'close', code: 1009 } },
  { name: 'half-open', row: 'silence', fault: { kind: 'half_open' }, stand: 'pinging' },
  { name: 'silence', row: 'silence', hang: true, stand: 'impatient' },

  { name: 'error 400', row: 'request', error: { status: 400, code: 'invalid_value' } },
  { name: 'error 429', row: 'limit', error: { status: 429, code: 'rate_limit_exceeded', headers: kRetryAfter } },
  { name: 'error 429 of one request', row: 'request', error: { status: 429, code: 'rate_limit_exceeded', message: kTooMuch } },
  { name: 'error 500', row: 'server', error: { status: 500, code: 'server_error' } },
  { name: 'error 503', row: 'server', error: { status: 503, code: 'unavailable' } },
  { name: 'parent not found', row: 'parent', error: { status: 400, code: 'previous_response_not_found' } },
  { name: 'no tool output', row: 'pairing', error: { status: 400, message: 'No tool output found for function call call_1.' } },
  { name: 'connection limit', row: 'connectionLimit', error: { status: 400, code: 'websocket_connection_limit_reached' } },

  { name: 'failed server error', row: 'server', failed: { code: 'server_error' } },
  { name: 'failed rate limit', row: 'limit', failed: { code: 'rate_limit_exceeded', message: `Try again in ${kReset}s.` } },
  { name: 'failed invalid prompt', row: 'request', failed: { code: 'invalid_prompt' } },
];

// when: of the sim's script. Before a dial the connection of the turn before is gone, so that there is one.
export const kPhases = [
  { name: 'before it is sent', isDial: true },
  { name: 'after it is sent', when: 'before' },
  { name: 'after lifecycle', when: 'created', isBegun: true },
  { name: 'after content', when: `content:${kDeltasSeen}`, isBegun: true, isSeen: true },
  { name: 'between turns', when: 'after', isIdle: true },
];

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
const kMovable = new Set(['dial', 'credentials', 'limit', 'server']);
const kStay = new Set(['reset', 'close 1012', 'parent not found', 'connection limit', 'error 400']);
const kFinal = new Set(['credentials', 'limit', 'request', 'tooLarge']); // what the first time decides

// Why there is no such cell; nothing if there is.
function whyNot({ fault, phase, kind, again, accounts }) {
  const isOfDial = fault.refuses || fault.upgrade;
  const isOfConnection = Boolean(fault.fault);
  if (isOfDial && !phase.isDial) return 'a dial comes before its connection';
  if (phase.isDial && !isOfDial && !isOfConnection) return 'there is no response yet';
  if (fault.row === 'tooLarge' && (phase.isDial || phase.isIdle || phase.isSeen)) return 'it is no word about a create';
  if (phase.isIdle && !isOfConnection) return 'there is no response any more: what is said is dropped';
  if (phase.isDial && !kind.isComplete) return 'nothing is dialed for it, as it shows between turns';
  if (fault.failed && !phase.isBegun) return 'response.failed comes after response.created';
  if (again && (phase.isSeen || phase.isIdle)) return 'what is not tried again cannot fail again';
  if (again && kFinal.has(fault.row)) return 'once is for good';
  if (again && fault.upgrade?.hang) return 'it takes longer than all others together';
  if (accounts === 2 && again) return 'the second time is the other account';
  if (accounts === 2 && phase.isIdle) return 'it is no failure of a turn';
  if (accounts === 2 && !kMovable.has(fault.row) && !kStay.has(fault.name)) return 'it stays, as others of its row';
  return undefined;
}

function nameOf({ fault, phase, kind, again, accounts }) {
  const more = (again ? ', again and again' : '') + (accounts === 2 ? ', with another account' : '');
  return `${fault.name}, ${phase.name}, ${kind.name}${more}`;
}

function* combinations() {
  for (const accounts of [1, 2])
    for (const again of [false, true])
      for (const fault of kFaults)
        for (const phase of kPhases)
          for (const kind of kKinds) yield { fault, phase, kind, again, accounts };
}

export const kCells = [];
export const kLeftOut = new Map(); // how many, by why

for (const cell of combinations()) {
  const why = whyNot(cell);
  if (why) kLeftOut.set(why, (kLeftOut.get(why) ?? 0) + 1);
  else kCells.push({ ...cell, id: `c${kCells.length}`, name: nameOf(cell), stand: cell.fault.stand ?? 'usual' });
}
