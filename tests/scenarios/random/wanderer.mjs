import { Draw } from '../lib/random.mjs';
import { pause } from '../lib/wait.mjs';
import { contextOf, messageOf, Node } from './conversation.mjs';
import { complaintsOf, itemsOf } from './reading.mjs';
import { Socket } from './socket.mjs';

// A client with three lanes, each a conversation that wanders: it goes on by id, sends all again, forks, answers calls with and
// without the parent's name, asks something else in between, interrupts, leaves in the middle and comes back.

const kTools = [
  {
    type: 'function',
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];
const kLanes = ['', 'side', 'other'];
// What a client is told when an upstream fails in a way that cannot be mended unseen. There is always an account that may serve it.
const kBearable = new Set([
  'upstream_disconnected', 'upstream_restart', 'upstream_timeout', 'rate_limit_exceeded', 'usage_limit_reached',
  'server_error', 'unavailable', 'websocket_connection_limit_reached', 'previous_response_not_found',
]);
const kMostTries = 25;
// A question that is no part of the conversation; the lane's own turn waits behind it.
const kAside = { say: (tag) => [messageOf(`By the way ${tag}`)], isAside: true };

export class Wanderer {
  turns = []; // {tag, base, input, create, events?, end}
  complaints = [];

  constructor(scope, url, name, seed) {
    Object.assign(this, { scope, url, name });
    this.draws = kLanes.map((_, i) => new Draw(seed * 100 + i));
    this.current = new Map(); // by lane: the node that it stands on
    this.nodes = [];
  }

  async wander(turnsOfLane, isOver) {
    await this.#connect();
    await Promise.all(kLanes.map((lane, i) => this.#walk(lane, this.draws[i], turnsOfLane, isOver)));
  }

  // One more turn of each lane, which must go well.
  async finish() {
    for (const [i, lane] of kLanes.entries()) {
      const { end } = await this.#step(lane, this.draws[i], { isLast: true });
      if (end !== 'ended') this.#complain(this.turns.at(-1), `not even at last: ${end}`);
    }
    for (const stray of this.socket.strays) this.complaints.push(`${this.name}: a stray ${stray}`);
    this.socket.drop();
  }

  async #connect() {
    if (this.socket?.isOpen) return;
    for (const stray of this.socket?.strays ?? []) this.complaints.push(`${this.name}: a stray ${stray}`);
    this.opening ??= Socket.open(this.scope, this.url, this.name).finally(() => (this.opening = undefined));
    this.socket = await this.opening;
  }

  async #walk(lane, draw, count, isOver) {
    for (let i = 0; i < count && !isOver(); ++i) await this.#step(lane, draw);
  }

  // A turn, and what is told of failures is tried again as clients do: all of it, without a parent.
  async #step(lane, draw, { isLast = false } = {}) {
    const base = this.current.get(lane);
    const plan = this.#plan(lane, base, draw, isLast);
    let turn;
    for (let tries = 0; tries < kMostTries; ++tries) {
      await this.#connect();
      const isCalm = tries > 0 || isLast;
      const aside = !isCalm && draw.happens(0.05) ? this.#take(lane, kAside, draw, true) : undefined;
      turn = await this.#take(lane, aside ? { ...plan, isNameless: false } : plan, draw, isCalm);
      await aside;
      if (turn.end === 'ended' || turn.end === 'left') return turn;
      plan.isWhole = true;
      await pause(turn.wait ?? 20);
    }
    this.#complain(turn, `failed ${kMostTries} times, at last with ${turn.end}`);
    this.current.delete(lane);
    return turn;
  }

  // {base, say, isWhole, isNameless}: what to go on from, what to say, whether to send everything, whether without parent.
  #plan(lane, base, draw, isLast) {
    const share = draw.share();
    if (base?.calls.length > 0) {
      const say = (tag) => base.calls.map(({ call_id }) => ({ type: 'function_call_output', call_id, output: `so ${tag}` }));
      const isNameless = !isLast && share > 0.85 && base.lane === lane;
      return { base, say, isWhole: !isNameless && share < 0.2, isNameless };
    }
    const say = (tag) => [messageOf(draw.happens(0.25) ? `What is the weather in ${tag}` : `I say ${tag}`)];
    if (!base || share < 0.04) return { base: undefined, say, isWhole: true };
    if (share < 0.08) return { base, say: (tag) => [messageOf(`Prepare ${tag}`, 'developer')], isWarmUp: true };
    if (share < 0.2) return { base: this.#somewhere(draw) ?? base, say };
    return { base, say, isWhole: share < 0.35 };
  }

  // A fork: from any response that needs no outputs.
  #somewhere(draw) {
    const open = this.nodes.filter((node) => node.calls.length === 0);
    return open.length > 0 ? draw.oneOf(open.slice(-12)) : undefined;
  }

  async #take(lane, plan, draw, isCalm) {
    const tag = `«${this.name}.${this.turns.length}»`;
    const input = plan.say(tag);
    const create = { model: 'sim-1', store: draw.happens(0.25), tools: kTools };
    create.input = plan.isWhole ? [...contextOf(plan.base), ...input] : input;
    if (lane) create.stream_id = lane;
    if (plan.isWarmUp) create.generate = false;
    const { socket } = this;
    const isNameless = plan.isNameless && plan.base.socket === socket; // another knows nothing of the lane's last response
    if (plan.base && !plan.isWhole && !isNameless) create.previous_response_id = plan.base.id;
    const turn = { tag, base: plan.base, input, create, lane };
    this.turns.push(turn);

    turn.events = await socket.turn(create, this.#whim(socket, draw, isCalm));
    if (!turn.events) {
      turn.end = 'left';
      if (!socket.wasLeft) this.#complain(turn, `the socket ${socket.closing}`);
      return turn;
    }
    for (const complaint of complaintsOf(turn.events)) this.#complain(turn, complaint);
    const named = turn.events.find(({ response }) => response?.previous_response_id)?.response;
    if (named && !create.previous_response_id && !isNameless) this.#complain(turn, `has a parent: ${named.previous_response_id}`);
    this.#conclude(turn, plan, socket);
    return turn;
  }

  // What else this client does while the turn runs.
  #whim(socket, draw, isCalm) {
    const share = isCalm ? 1 : draw.share();
    if (share < 0.02) return (event) => event.type === 'response.output_text.delta' && this.#leave(socket);
    if (share < 0.03) setTimeout(() => this.#leave(socket), draw.between(0, 20));
    if (share > 0.04 && share < 0.1) return interruption(socket);
    return () => {};
  }

  #leave(socket) {
    socket.wasLeft = true;
    socket.drop();
  }

  #conclude(turn, plan, socket) {
    const { lane } = turn;
    const last = turn.events.at(-1);
    const { response } = last;
    if (response && ['completed', 'incomplete'].includes(response.status)) {
      turn.end = 'ended';
      turn.response = response;
      const node = new Node(response.id, turn.base, turn.input, itemsOf(turn.events));
      Object.assign(node, { lane, socket });
      this.nodes.push(node);
      if (!plan.isAside) this.current.set(lane, node);
      return;
    }
    const error = last.error ?? response?.error;
    turn.end = error?.code ?? `${error?.message}`;
    turn.wait = last.headers?.['retry-after'] ? Math.min(1_000, Number(last.headers['retry-after']) * 1_000) : undefined;
    if (!kBearable.has(turn.end) && error?.message !== 'No.') this.#complain(turn, `told ${JSON.stringify(last).slice(0, 400)}`);
  }

  #complain(turn, what) {
    this.complaints.push(`${turn.tag} on lane "${turn.lane}": ${what}\n    sent ${JSON.stringify(turn.create).slice(0, 500)}`);
  }
}

// Once the response has begun to speak.
function interruption(socket) {
  let id;
  return (event) => {
    if (event.type === 'response.created') id = event.response.id;
    if (event.type !== 'response.output_text.delta' || !id) return;
    socket.send({ type: 'response.interrupt', response_id: id, mode: 'discard_partial_items' });
    id = undefined;
  };
}
