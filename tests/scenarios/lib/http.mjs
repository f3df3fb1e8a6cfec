import { kKey } from './daemon.mjs';

// POST /v1/responses as a client does it: `body` is an object, or the bytes themselves.
export function post(daemon, body, { headers = {}, key = kKey, path = '/responses', ...options } = {}) {
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return fetch(`${daemon.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: bytes,
    ...options,
  });
}

// The events of an SSE body, each as {event, data}. Strict: a block is what the strictest client takes (http.md section 3).
export function eventsOf(text) {
  if (!text.endsWith('\n\n')) throw new Error(`the last event has no end: ${JSON.stringify(text.slice(-80))}`);
  return text
    .slice(0, -2)
    .split('\n\n')
    .filter((block) => !block.startsWith(':'))
    .map((block) => {
      const found = /^event: (\S+)\ndata: ([^\r\n]+)$/.exec(block);
      if (!found) throw new Error(`not an event that all clients take: ${JSON.stringify(block.slice(0, 200))}`);
      const data = JSON.parse(found[2]);
      if (data.type !== found[1]) throw new Error(`event ${found[1]} with data of ${data.type}`);
      return data;
    });
}

// {status, headers, events, terminal} of a streamed turn.
export async function stream(daemon, body, options) {
  const answer = await post(daemon, { stream: true, ...body }, options);
  const text = await answer.text();
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream');
  const events = isStream ? eventsOf(text) : [];
  return { status: answer.status, headers: answer.headers, text, events, terminal: events.at(-1), error: isStream ? null : JSON.parse(text).error };
}

// The text of a response object.
export const textOf = (response) =>
  response.output.flatMap(({ content }) => content ?? []).map(({ text }) => text).join('');
