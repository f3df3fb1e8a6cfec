import { accountOf, merge, startDaemon } from '../lib/daemon.mjs';
import { slowed, waitFor } from '../lib/wait.mjs';
import { Gate } from './gate.mjs';
import { kMark, kMostRemembered } from './table.mjs';

// Where cells happen: one daemon for many of them. Each cell has its own key, group and accounts, which are paths of the
// two sims, so that no cell meets another's faults, connections or health.

// By what a fault needs to be noticed soon; the others are not hurried, whatever the machine is busy with.
export const kStands = {
  usual: {},
  patient: {}, // a dial may take 10 s
  pinging: { pool: { ping_interval: '1500ms', pong_timeout: '800ms' }, relay: { silence_timeout: '800ms' } },
  impatient: { relay: { event_timeout: `${slowed(1500)}ms` } },
  large: {}, // what the sims need long for comes when nobody else waits for them
};
const kOneLoop = { server: { threads: 1 } }; // each has connections over HTTP of its own

const kRestWithin = slowed(10_000);

export const kTroubled = { 'x-codex-trouble': 'yes' }; // of the client whose dials may fail; goes up with them

export const keyOf = (cell) => `tg-matrix-key-of-${cell.id}`;
export const pathOf = (cell, account) => `/${cell.id}${account}/v1`;

export class Stand {
  static async start(scope, name, cells, sims) {
    const stand = new Stand();
    stand.name = name;
    stand.gates = await openGates(scope, cells, sims.a);
    const config = merge(configOf(cells, sims, stand.gates), kStands[name]);
    stand.daemon = await startDaemon(scope, { config: merge(config, kOneLoop) });
    stand.events = new Events(stand.daemon.program);
    return stand;
  }

  // What the daemon says of each account, by name, once they are as wanted; or at last, if they never are.
  async accountsOnce(isSo) {
    let accounts;
    const ask = async () => ({ accounts } = await this.daemon.status()).accounts.every(isSo);
    await waitFor(ask, 'accounts', kRestWithin).catch(() => {});
    return new Map(accounts.map((account) => [account.name, account]));
  }

  // The records of each key, the oldest first, once all are settled.
  async records() {
    await waitFor(async () => (await this.daemon.status()).journal.lag_bytes === 0, 'all records to be settled');
    const all = [];
    for (let cursor = ''; cursor !== null; ) {
      const { body } = await this.daemon.admin(`/api/v1/usage?limit=1000${cursor && '&cursor=' + encodeURIComponent(cursor)}`);
      all.push(...body.data);
      cursor = body.next_cursor;
    }
    return Map.groupBy(all.reverse(), (record) => record.key);
  }
}

function configOf(cells, sims, gates) {
  return {
    accounts: cells.flatMap((cell) => accountsOf(cell, sims, gates.get(cell))),
    groups: cells.map((cell) => ({ name: cell.id })),
    keys: cells.map((cell) => ({ name: cell.id, key: keyOf(cell), group: cell.id })),
    relay: { hold_lifecycle: '30s' }, // what is shown after a while is another promise (recovery.test.mjs)
    recovery: { budget: '1500ms' }, // of those that try again until it is spent
    continuity: { chain_max_per_session: kMostRemembered },
    limits: { sockets_per_ip: 10_000 },
    log: { level: 'info' },
  };
}

function accountsOf(cell, sims, gate) {
  const account = (name, sim, origin, priority) =>
    accountOf(sim, {
      name: cell.id + name,
      base_url: origin + pathOf(cell, name),
      groups: [cell.id],
      priority,
      ...(cell.upstream === 'http' ? { transport: 'http', keep_idle: '10m' } : {}),
    });
  const first = account('a', sims.a, gate?.url ?? `http://${sims.a.address}`, 1);
  return cell.accounts === 1 ? [first] : [first, account('b', sims.b, `http://${sims.b.address}`, 2)];
}

async function openGates(scope, cells, sim) {
  const gates = new Map();
  for (const cell of cells.filter((each) => each.fault.refuses)) gates.set(cell, await Gate.before(scope, sim.port));
  return gates;
}

// The sim's part of a cell: how the connection of the turn before ends, and the fault itself.
export function rulesOf(cell) {
  const path = `${pathOf(cell, 'a')}/responses`;
  const times = cell.again ? {} : { times: 1 };
  const { fault, phase } = cell;
  const rules = [];
  if (fault.refuses) return rules;
  if (phase.isFresh || phase.isIdle)
    rules.push({ match: { path, input_contains: 'setup' }, times: 1, do: thenLost(cell, phase.isIdle ? fault.fault : { kind: 'reset' }) });
  if (phase.isDial) {
    const upgrade = fault.upgrade ?? { then: fault.fault };
    rules.push({ match: { path }, times: 1, do: { upgrade: { status: 101 } } }); // of the turn before
    rules.push({ match: { path, header: kTroubled }, ...times, do: { upgrade } });
  } else if (phase.isPartial || fault.answer) {
    const request = fault.answer ? { ...fault.answer, when: 'body' } : { [fault.fault.kind]: true, when: 'head' };
    rules.push({ match: { path }, times: 1, do: { request: {} } }); // of the turn before
    rules.push({ match: { path }, times: cell.again ? 2 : 1, do: { request } });
  } else if (!phase.isIdle) {
    rules.push({ match: { path, input_contains: kMark }, ...times, do: actOf(fault, phase) });
  }
  return rules;
}

const thenLost = ({ upstream }, { kind, ...more }) =>
  upstream === 'http' && !more.code ? { http: { then: { kind } } } : { fault: { kind, ...more, when: 'after' } };

function actOf({ fault, hang, error, failed, cutsBody }, { when, isSeen }) {
  if (error) return { error: { message: 'No.', ...error, after: when === 'before' ? 'nothing' : when } };
  if (failed) return { failed: { message: 'No.', ...failed }, ...(isSeen ? {} : { answer: [] }) };
  if (cutsBody) return { terminal: 'none', http: { sse: { done: true } } };
  return { fault: { ...(hang ? { kind: 'hang' } : fault), when } };
}

const kTold = /"upstream (connection ended|dial failed)"/;

// What the log says of an account's connections, at once.
class Events {
  #told = new Set();
  #waiting = [];
  #rest = '';

  constructor(program) {
    program.child.stderr.on('data', (text) => this.#take(text));
  }

  connectionEnded(account) {
    return this.#once('upstream connection ended', account);
  }

  dialFailed(account) {
    return this.#once('upstream dial failed', account);
  }

  #take(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines.filter((each) => kTold.test(each))) {
      const { msg, account } = JSON.parse(line);
      this.#told.add(`${msg} ${account}`);
    }
    this.#waiting = this.#waiting.filter(({ what, resolve }) => !this.#told.has(what) || resolve());
  }

  #once(msg, account) {
    const what = `${msg} ${account}`;
    return new Promise((resolve) => (this.#told.has(what) ? resolve() : this.#waiting.push({ what, resolve })));
  }
}
