import { connect, isTerminal } from './client.mjs';
import { pause, within } from './wait.mjs';

const kPlans = [
  { probability: 0.08, act: 'cancel' },
  { probability: 0.04, act: 'drop' },
];
const kWarmUp = 0.1;
const kChained = 0.7;
const kQuick = 0.5;

// What a rule of the sim finds in the input of a turn that shall be answered at once.
export const kQuickWord = 'quickly';

// A client that takes one turn after the other on each of its lanes, and comes back whenever its gateway is gone. Some turns
// it cancels; sometimes it leaves in the middle of one. It remembers all it asked, and how each turn ended.
export class Restless {
  turns = []; // {tag, client, lane, connection, terminal}: terminal is null for what it never saw the end of
  connections = 0;
  #isTired = false;

  // `lanes`: names, undefined is the default lane. `dial`: the gateway's URL, or null. `draw`: a Draw of its own. `heard` is
  // called with each event.
  constructor(scope, { name, key, lanes, dial, draw, heard }) {
    Object.assign(this, { scope, name, key, lanes, dial, draw, heard });
  }

  // Until rest(): then each lane ends its turn.
  async talk() {
    while (!this.#isTired) {
      const client = await this.#connected();
      if (!client) continue;
      ++this.connections;
      await this.#converse(client);
    }
  }

  rest() {
    this.#isTired = true;
  }

  // Null if nobody is there: a gateway may die at any time. One that lives may not refuse.
  async #connected() {
    const url = this.dial();
    try {
      if (url) return await connect(this.scope, url, { key: this.key });
    } catch (refusal) {
      if (this.dial() === url) throw refusal;
    }
    await pause(1);
    return null;
  }

  async #converse(client) {
    const running = new Map(); // lane → {event() takes what comes on it, lost()}
    client.socket.on('message', (data) => this.#take(running, JSON.parse(data)));
    client.ended.then(() => running.forEach((turn) => turn.lost()));
    await Promise.all(this.lanes.map((lane) => this.#talkOn(client, lane, running)));
    if (isOpen(client)) await client.close();
    await client.closed();
  }

  #take(running, event) {
    this.heard(event);
    running.get(event.stream_id)?.event(event);
  }

  async #talkOn(client, lane, running) {
    let parent;
    while (isOpen(client) && !this.#isTired) {
      const tag = `${this.name}.turn${this.turns.length}.`;
      const turn = { tag, client: this.name, lane, connection: this.connections, terminal: null };
      this.turns.push(turn);
      const ended = this.#toEnd(client, turn, running);
      client.create(this.#say(turn, parent));
      await within(ended, `the end of ${turn.tag} on lane ${lane}`);
      parent = turn.terminal?.type === 'response.completed' ? turn.terminal.response.id : undefined;
    }
  }

  #say({ tag, lane }, parent) {
    const fields = { model: 'sim-1', store: this.draw.happens(0.5), stream_id: lane };
    fields.input = `${this.draw.happens(kQuick) ? kQuickWord : 'slowly'} ${tag}`;
    if (this.draw.happens(kWarmUp)) fields.generate = false;
    if (parent && this.draw.happens(kChained)) fields.previous_response_id = parent;
    return fields;
  }

  // Resolves when the turn's terminal event has come, or the socket is closed and none will.
  #toEnd(client, turn, running) {
    const act = this.#plan(client, turn.lane);
    return new Promise((resolve) => {
      const over = () => {
        running.delete(turn.lane);
        resolve();
      };
      const event = (event) => {
        if (isAnswerToLateCancel(event)) return;
        if (!isTerminal(event)) return act();
        turn.terminal = event;
        over();
      };
      running.set(turn.lane, { event, lost: over });
    });
  }

  // What it does after some event of the turn, if anything: a function to call at each.
  #plan(client, lane) {
    const plan = kPlans.find(({ probability }) => this.draw.happens(probability));
    let left = this.draw.between(1, 8);
    return () => {
      if (--left !== 0) return;
      if (plan?.act === 'cancel') client.send({ type: 'response.cancel', stream_id: lane });
      if (plan?.act === 'drop') client.drop();
    };
  }
}

const isOpen = (client) => client.socket.readyState === client.socket.OPEN;

// The turn was over when the gateway read the cancel: nothing runs. No create of ours is wrong.
const isAnswerToLateCancel = (event) => event.type === 'error' && event.error.code === 'invalid_request';
