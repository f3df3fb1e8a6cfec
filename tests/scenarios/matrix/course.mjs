import { within } from '../lib/wait.mjs';
import { clientOf } from './caller.mjs';
import { keyOf, kTroubled } from './stand.mjs';
import { kLarge } from './table.mjs';

// The course of a cell: a turn that goes well, the one that meets the fault, the one after it on the same socket, and a
// stranger's, who shows what has become of the account.

const kProbe = { model: 'sim-1', store: false, input: 'probe' };
const kAnew = { model: 'sim-1', store: false, input: 'next' };

// What follows a turn: on the conversation if there is one to go on with.
const nextOf = (turn) => (turn.terminal.type === 'response.completed' ? { ...kAnew, previous_response_id: turn.id } : kAnew);

// What came of it: {step, sockets, …}. With `error` instead of all else if a step never came to an end.
export async function play(scope, cell, stand) {
  const course = { step: 'the turn before', sockets: [] };
  const walk = new Walk(scope, cell, stand, course);
  try {
    await walk.toTheFault();
    await walk.beyondIt();
  } catch (error) {
    course.error = new Error(`${cell.name}: ${course.step}: ${error.message}`, { cause: error });
  }
  return course;
}

class Walk {
  constructor(scope, cell, stand, course) {
    Object.assign(this, { scope, cell, stand, course });
    this.gate = stand.gates.get(cell);
  }

  async toTheFault() {
    const { cell, course } = this;
    const { setup: before, create: createAfter } = cell.kind;
    this.client = await this.#connect({ 'session-id': 'own', ...kTroubled });
    const setup = await this.client.turn(before);
    await this.#loseConnection();

    course.step = 'the turn that meets the fault';
    const create = cell.phase.isPartial ? enlarged(createAfter(setup)) : createAfter(setup);
    if (this.gate && !cell.again) this.#openGateOnceRefused();
    course.turns = { turn: await this.client.turn(create) };
    course.creates = { setup: before, original: create };
    const earlier = cell.kind.isNew ? [] : [...itemsOf(before.input), ...setup.items.map(withoutMarks)];
    course.context = [...earlier, ...itemsOf(create.input)];
  }

  async beyondIt() {
    const { course } = this;
    course.step = 'the turn after it';
    const next = this.cell.phase.isPartial ? kAnew : nextOf(course.turns.turn); // nobody remembers so much
    course.turns.next = await this.client.turn(next);

    course.step = "a stranger's turn";
    await this.gate?.open();
    const stranger = await this.#connect({ 'session-id': 'another' });
    course.turns.probe = await stranger.turn(kProbe);
    Object.assign(course.creates, { next, probe: kProbe });
    if (next.previous_response_id) {
      const { items } = course.turns.turn;
      course.contextOfNext = [...course.context, ...items.map(withoutMarks), ...itemsOf(next.input)];
    }
  }

  async #connect(headers) {
    const socket = await clientOf(this.scope, this.cell, this.stand.daemon, { key: keyOf(this.cell), headers });
    this.course.sockets.push(socket);
    return socket;
  }

  async #loseConnection() {
    if (!this.cell.phase.isFresh && !this.cell.phase.isIdle) return;
    await this.gate?.shut();
    await within(this.stand.events.connectionEnded(`${this.cell.id}a`), 'the end of the connection');
  }

  #openGateOnceRefused() {
    this.stand.events.dialFailed(`${this.cell.id}a`).then(() => this.gate.open());
  }
}

// More than the system takes at once.
const enlarged = (create) => ({ ...create, input: [...create.input, { role: 'user', content: kLarge }] });

function itemsOf(input) {
  if (typeof input !== 'string') return input;
  return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }];
}

const withoutMarks = ({ id, status, ...item }) => item;
