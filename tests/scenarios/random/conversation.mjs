// What was said, as a tree of responses: what an upstream must have been told when it answers one of them.

// Of every turn, in what it says last: it finds the turn again in what went up.
export const tagIn = (input) => JSON.stringify(input).match(/«[\w.]+»/g)?.at(-1);

export const messageOf = (text, role = 'user') => ({ type: 'message', role, content: [{ type: 'input_text', text }] });

// A response that can be continued: what it stands on and what it said.
export class Node {
  constructor(id, base, input, output) {
    Object.assign(this, { id, base, input, output });
  }

  get calls() {
    return this.output.filter((item) => item.type === 'function_call');
  }
}

// As a client sends it again: without the marks of the server.
const asSent = ({ id, status, ...item }) => item;

export const contextOf = (node) =>
  node ? [...contextOf(node.base), ...node.input, ...node.output.filter(isWorthSending).map(asSent)] : [];

// A hosted call that failed is nothing that a conversation could go on with.
const isWorthSending = ({ type, status }) => !(type === 'image_generation_call' && status === 'failed');

const kSeal = /^gAAAAA(\w)_/; // names of accounts have one letter

export const sealOf = (item) => item.encrypted_content?.match(kSeal)?.[1];

// For comparison. Reasoning is left out: it goes along only to the account that sealed it.
export function comparable(items) {
  return items.filter((item) => item.type !== 'reasoning' && isWorthSending(item)).map(plain);
}

function plain({ id, status, type = 'message', ...item }) {
  if (type !== 'message' || typeof item.content !== 'string') return { type, ...item };
  return { type, ...item, content: [{ type: 'input_text', text: item.content }] };
}
