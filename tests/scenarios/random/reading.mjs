// A turn's events as its client must see them: one response, told once, in order and complete.

const kOfTheGateway = /^(response\.interrupt|response\.output_item\.interrupted|keepalive|response\.unheard_of)/;

// What may have been shown of an attempt that came to nothing (docs/decisions.md).
const kLifecycle = /^(response\.(created|queued|in_progress|unheard_of)|keepalive|codex\.rate_limits)$/;

// What is wrong with them; nothing if all is well.
export function complaintsOf(all) {
  const complaints = [];
  const begun = all.findLastIndex(({ type }) => type === 'response.created');
  if (all.slice(0, Math.max(0, begun)).some(({ type }) => !kLifecycle.test(type))) complaints.push('two responses, and something of both');
  const events = all.slice(Math.max(0, begun));
  const last = events.at(-1);
  if (last.type === 'error' && typeof last.status !== 'number') complaints.push(`an error without a status: ${JSON.stringify(last)}`);
  if (last.response && begun < 0) complaints.push('an end without a beginning');
  const ids = new Set(events.map(({ response }) => response?.id).filter(Boolean));
  if (ids.size > 1) complaints.push(`events of ${[...ids]}`);
  const numbers = events.filter((event) => 'sequence_number' in event && !kOfTheGateway.test(event.type));
  if (numbers.some(({ sequence_number }, at) => at > 0 && sequence_number <= numbers[at - 1].sequence_number))
    complaints.push(`out of order: ${numbers.map((event) => `${event.sequence_number} ${event.type}`).join(', ')}`);
  if (last.response?.status === 'completed') complaints.push(...unlikeOutput(events));
  return complaints;
}

// What came by and by is what stands at the end.
function unlikeOutput(events) {
  const { output } = events.at(-1).response;
  const complaints = [];
  for (const { output_index, item } of doneOf(events)) {
    if (JSON.stringify(item) !== JSON.stringify(output[output_index])) complaints.push(`item ${output_index} is another at the end`);
    const said = events.filter((event) => event.output_index === output_index && event.type.endsWith('.delta'));
    const text = item.content?.[0]?.text ?? item.arguments ?? item.summary?.[0]?.text;
    if (text !== undefined && said.map(({ delta }) => delta).join('') !== text) complaints.push(`item ${output_index} was said otherwise`);
  }
  return complaints;
}

const doneOf = (events) => events.filter(({ type }) => type === 'response.output_item.done');

// The items of a response, in their order, with those that only its end told of.
export function itemsOf(events) {
  const items = [];
  for (const { output_index, item } of doneOf(events)) items[output_index] = item;
  (events.at(-1).response.output ?? []).forEach((item, at) => (items[at] ??= item));
  return items.filter(Boolean);
}
