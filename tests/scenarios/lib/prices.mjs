import { readFileSync } from 'node:fs';

import { kPricing } from './place.mjs';

// A model's standard prices as they stand in config/pricing.yaml: {input, cached_input, output, …}.
export function priceOf(model) {
  const lines = readFileSync(kPricing, 'utf8').split('\n');
  const at = lines.indexOf(`  ${model}:`);
  if (at < 0) throw new Error(`config/pricing.yaml has no ${model}`);
  const price = {};
  for (const line of lines.slice(at + 1)) {
    const field = line.match(/^    (\w+): (.*)$/);
    if (!field) break;
    if (/^\d+$/.test(field[2])) price[field[1]] = BigInt(field[2]);
  }
  return price;
}

// What the vendor's `usage` costs at standard prices, in nano-dollars, rounded half up once.
export function costOf(model, usage) {
  const price = priceOf(model);
  const cached = BigInt(usage.input_tokens_details?.cached_tokens ?? 0);
  const written = BigInt(usage.input_tokens_details?.cache_write_tokens ?? 0);
  const fresh = BigInt(usage.input_tokens) - cached - written;
  const sum =
    fresh * price.input +
    cached * (price.cached_input ?? price.input) +
    written * (price.cache_write ?? price.input) +
    BigInt(usage.output_tokens) * price.output;
  return Number((sum + 500_000n) / 1_000_000n);
}
