import { connect, Turn } from '../lib/client.mjs';
import { eventsOf, post } from '../lib/http.mjs';

// The client of a cell, as what it speaks makes it: turn(fields) gives what became of a create, in one form.

export async function clientOf(scope, { client }, daemon, options) {
  return client === 'ws' ? connect(scope, daemon.wsUrl, options) : new Caller(daemon, client, options);
}

// A POST for each turn; nothing of it is there between two.
class Caller {
  constructor(daemon, kind, options) {
    Object.assign(this, { daemon, kind, options });
  }

  async turn(fields) {
    const asked = this.kind === 'sse' ? { ...fields, stream: true } : fields;
    const answer = await post(this.daemon, asked, this.options);
    const text = await answer.text();
    const headers = Object.fromEntries(answer.headers);
    const isStream = headers['content-type'].startsWith('text/event-stream');
    if (isStream !== (this.kind === 'sse' && answer.status === 200)) throw new Error(`${answer.status}: ${text.slice(0, 200)}`);
    if (isStream) return new Turn(eventsOf(text).map((event) => ({ text: JSON.stringify(event), event })));
    return new Answer(answer.status, headers, JSON.parse(text));
  }

  unread() {
    return [];
  }

  drop() {}
}

// One document: a response, or an error.
class Answer {
  types = [];
  events = [];

  constructor(status, headers, body) {
    this.error = body.error;
    this.response = status === 200 ? body : undefined;
    const type = status === 200 ? `response.${body.status}` : 'error';
    this.terminal = { type, status, headers, response: this.response };
  }

  get id() {
    return this.response?.id;
  }

  get items() {
    return this.response.output;
  }

  get calls() {
    return this.items.filter((item) => item.type.endsWith('_call'));
  }
}
