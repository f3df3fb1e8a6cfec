import { connect } from './client.mjs';
import { waitFor } from './wait.mjs';

// Many cases share a daemon and its sims. A client's name goes up with each of its upstream connections: what it did there
// can be told from all the rest.
const kHeader = 'x-client-request-id';

export function connectAs(scope, daemon, name, { headers = {}, ...options } = {}) {
  return connect(scope, daemon.wsUrl, { headers: { ...headers, [kHeader]: name }, ...options });
}

// For `match` in a sim's script.
export const headerOf = (name) => ({ [kHeader]: name });

// Numbers of the upstream connections that this client caused, in order.
export function connectionsOf(sim, name) {
  const isHis = ({ upgrade }) => upgrade.headers.some(([header, value]) => header.toLowerCase() === kHeader && value === name);
  return sim.upgrades().filter(isHis).map((entry) => entry.connection);
}

// What happened on them: {message, event}, {response}, {end}.
export function transcriptOf(sim, name) {
  const his = new Set(connectionsOf(sim, name));
  return sim.transcript().filter((entry) => his.has(entry.connection));
}

export const messagesOf = (sim, name) => transcriptOf(sim, name).filter((entry) => 'message' in entry);

export const createsOf = (sim, name) => messagesOf(sim, name).filter((entry) => entry.event?.type === 'response.create');

export const typesOf = (sim, name) => messagesOf(sim, name).map((entry) => entry.event?.type);

// The first unread event of a lane that is so, once it has come. It stays unread.
export function came(client, lane, isWanted, what = isWanted) {
  const isIt = (event) => event.type && event.stream_id === lane && isWanted(event);
  return waitFor(() => client.unread().find(isIt), `on lane ${lane}: ${what}`);
}

export const cameType = (client, lane, type) => came(client, lane, (event) => event.type === type, type);

// The id of the response that runs on a lane, once it has said something.
export async function speaking(client, lane) {
  await came(client, lane, (event) => event.type.endsWith('.delta'), 'it to speak');
  return (await cameType(client, lane, 'response.created')).response.id;
}

// The texts of a create's input, as it went up.
export function textsOf(create) {
  const { input } = create.event;
  if (typeof input === 'string') return [input];
  return input.map(({ content, output }) => (typeof content === 'string' ? content : (content?.[0].text ?? output)));
}

// Then the gateway has read all that the client sent before.
export async function roundTrip(client) {
  client.send({ type: 'response.nothing' });
  await client.nextFrame(({ event }) => event?.error?.code === 'unsupported_event' && event.error.message.includes('nothing'));
}
