// What the log at debug level says of how accounts were chosen (docs/scheduling.md).

const kWhy = new RegExp(
  [
    /^(?<layer>sticky|balanced)(?: last_resort)?: /,
    /(?<account>\S+) score (?<score>[\d.]+) \((?<parts>[^)]*)\), choice (?<place>\d+) of (?<of>\d+)/,
    /(?:; released: (?<released>\w+))?(?:; out: (?<out>.*))?$/,
  ]
    .map(({ source }) => source)
    .join(''),
);

// One "account chosen" line; throws if it is of another form.
export function parseWhy(why) {
  const found = why.match(kWhy)?.groups;
  if (!found) throw new Error(`not an explanation: ${why}`);
  const parts = Object.fromEntries([...found.parts.matchAll(/(\w+) ([\d.]+)/g)].map(([, part, value]) => [part, Number(value)]));
  const out = Object.fromEntries((found.out?.split(', ') ?? []).map((one) => one.split(' ')));
  return { ...found, score: Number(found.score), place: Number(found.place), of: Number(found.of), parts, out };
}

// The turns that ended, in that order, each with its choices: one for each attempt.
export function turnsOf(log) {
  const choices = Map.groupBy(
    log.filter(({ msg }) => msg === 'account chosen'),
    ({ turn }) => turn,
  );
  const ended = log.filter(({ msg }) => msg === 'turn ended');
  return ended.map((end) => ({ ...end, choices: (choices.get(end.turn) ?? []).map(({ why }) => parseWhy(why)) }));
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The share of each account in the turns' first choices.
export function sharesOf(turns, accounts) {
  const of = (name) => turns.filter(({ choices }) => choices[0].account === name).length / turns.length;
  return Object.fromEntries(accounts.map((name) => [name, of(name)]));
}

// What an account's choices scored, and the parts of it, on average.
export function scoreOf(turns, account) {
  const choices = turns.flatMap((turn) => turn.choices).filter((choice) => choice.account === account);
  const parts = Object.keys(choices[0].parts).map((part) => [part, mean(choices.map((choice) => choice.parts[part]))]);
  return { total: mean(choices.map(({ score }) => score)), ...Object.fromEntries(parts) };
}

// The gaps between times that are at least so long.
export function gapsOf(times, atLeast) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.slice(1).map((time, i) => time - sorted[i]).filter((gap) => gap >= atLeast);
}
