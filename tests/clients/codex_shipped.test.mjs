import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { Daemon, kKey } from '../scenarios/lib/daemon.mjs';
import { kPricing, kRoot, temporaryDirectory } from '../scenarios/lib/place.mjs';
import { costOf } from '../scenarios/lib/prices.mjs';
import { atEnd } from '../scenarios/lib/scope.mjs';
import { startSim } from '../scenarios/lib/sim.mjs';
import { codexExec, itemsOf, shell } from './lib/codex.mjs';

// config/config.yaml and config/pricing.yaml as they are shipped: only the addresses are others, and the log is such as the
// test can read. Keys come from the environment, as the file says.
async function startAsShipped(t, sim) {
  const home = await temporaryDirectory(t);
  const replaced = [
    ['listen: 127.0.0.1:8080', 'listen: 127.0.0.1:0'],
    ['listen: 127.0.0.1:9090', 'listen: 127.0.0.1:0'],
    ['base_url: https://api.openai.com/v1', `base_url: ${sim.url}`],
    ['format: text ', 'format: json '],
  ];
  let config = await readFile(join(kRoot, 'config/config.yaml'), 'utf8');
  for (const [shipped, here] of replaced) {
    assert.equal(config.split(shipped).length, 2, `config.yaml has "${shipped}" once`);
    config = config.replace(shipped, here);
  }
  const file = join(home, 'config.yaml');
  await Promise.all([writeFile(file, config), copyFile(kPricing, join(home, 'pricing.yaml'))]);
  const daemon = new Daemon(home, file, { OPENAI_API_KEY: sim.key, TURNGATE_KEY: kKey, TURNGATE_ADMIN_TOKEN: '' });
  atEnd(t, () => daemon.finish());
  await daemon.ready();
  return daemon;
}

test('CodexWithItsDefaultModelRunsOnTheConfigurationAsShippedAndIsBilled', async (t) => {
  const sim = await startSim(t, {
    script: [
      { match: { create: 2 }, do: shell('echo made by a tool') },
      { match: { create: 3 }, do: { answer: [{ text: 'Done.' }] } },
    ],
  });
  const daemon = await startAsShipped(t, sim);
  const run = await codexExec(t, daemon, 'Say something.', { model: null });
  assert.equal(run.code, 0, run.said);
  assert.deepEqual(itemsOf(run, 'agent_message').map((item) => item.text), ['Done.']);

  const rows = await daemon.usage(3);
  const [{ requested_model: model }] = rows;
  t.diagnostic(`Codex asks for ${model}`);
  for (const row of rows) {
    assert.deepEqual([row.status, row.reason, row.requested_model], ['completed', '', model]);
    const details = { cached_tokens: row.cached_tokens, cache_write_tokens: row.cache_write_tokens };
    const { input_tokens, output_tokens } = row;
    assert.equal(row.cost_nano_usd, costOf(model, { input_tokens, output_tokens, input_tokens_details: details }));
  }
  assert.equal(await daemon.metric('turngate_unpriced_responses_total'), 0);
});
