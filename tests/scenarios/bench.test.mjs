import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { accountOf, startDaemon } from './lib/daemon.mjs';
import { binary } from './lib/place.mjs';
import { Program } from './lib/program.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, within } from './lib/wait.mjs';

// turngate-bench believes nothing that it has not seen, over either protocol.

// {code, report}
async function bench(...flags) {
  const program = new Program(binary('turngate-bench'), ['--json', ...flags]);
  const { code } = await within(program.ended, 'turngate-bench to end', slowed(60_000));
  program.assertNoReport();
  assert.ok(program.out, program.err);
  return { code, report: JSON.parse(program.out) };
}

const load = (url, key, ...flags) => bench('--url', url, '--key', key, '--connections', '3', '--turns', '4', ...flags);

describe('turngate-bench', () => {
  for (const client of ['ws', 'http'])
    for (const upstream of ['ws', 'http'])
      test(`VerifiesTurnsOf_${client}_ClientsOn_${upstream}_Accounts`, async (t) => {
        const sim = await startSim(t, { deltas: 5 });
        const large = { match: { model: 'large' }, do: { deltas: 300, delta_bytes: 900 } };
        const huge = { match: { model: 'huge' }, do: { deltas: 30, delta_bytes: 9000 } };
        await sim.script([large, huge]);
        const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, { transport: upstream, stores: true })] } });
        const url = client === 'ws' ? daemon.wsUrl : `${daemon.url}/responses`;
        for (const flags of [['--chain'], ['--no-chain'], ['--reconnect'], ['--chain', '--reconnect']]) {
          if (client === 'ws' && flags.length > 2) continue; // its parents live on their connections
          const { code, report } = await load(url, daemon.key, ...flags);
          assert.equal(code, 0, JSON.stringify(report));
          assert.equal(report.turns, 12);
          assert.ok(report.events >= 12 * 7);
          assert.equal(report.latency.first_event.count, 12);
          assert.equal(report.verified.sound, true);
          assert.deepEqual(report.verified.errors, {});
        }
        for (const model of ['large', 'huge']) {
          const { code, report } = await load(url, daemon.key, '--model', model);
          assert.equal(code, 0, JSON.stringify(report));
          assert.deepEqual([report.turns, report.verified.errors], [12, {}]);
        }
        const stats = await sim.stats();
        assert.equal(stats.upgrades > 0, upstream === 'ws');
        const parents = sim.creates().filter(({ event }) => event.previous_response_id);
        if (client === 'http') assert.equal(parents.length, 2 * 9); // where each is stored, they go up as they are
      });

  test('SeesWhatIsWrongInAStreamOverHttp', async (t) => {
    const sim = await startSim(t);
    const cases = [
      [{ fault: { kind: 'duplicate_terminal' } }, ({ violations }) => violations['event after the terminal']],
      [{ fault: { kind: 'late_events' } }, ({ violations }) => violations['event after the terminal']],
      [{ http: { as: 'document' } }, ({ violations }) => violations['no event']],
      [{ fault: { kind: 'reset', when: 'content:2' } }, (verified) => verified.lost_turns],
      [{ fault: { kind: 'eof', when: 'content:2' } }, (verified) => verified.lost_turns],
      [{ terminal: 'none' }, (verified) => verified.lost_turns],
      [{ fault: { kind: 'hang', when: 'content:2' } }, (verified) => verified.timed_out_turns],
    ];
    for (const [act, find] of cases) {
      await sim.script([{ match: { process_create: 1 + (await sim.stats()).creates }, do: act }]);
      const { code, report } = await load(`${sim.url}/responses`, sim.key, '--turn-timeout-ms', String(slowed(500)));
      assert.equal(find(report.verified), 1, `${JSON.stringify(act)} ${JSON.stringify(report)}`);
      assert.equal(code, 1);
      assert.ok(report.turns >= 11, 'the turns after it are fine');
    }
  });

  test('CountsRefusalsByStatusAndCode', async (t) => {
    const sim = await startSim(t, { script: [{ times: 2, do: { error: { status: 429, code: 'slow_down', message: 'm' } } }] });
    const { report } = await load(`${sim.url}/responses`, sim.key);
    assert.deepEqual(report.verified.errors, { '429 slow_down': 2 });
    assert.equal(report.turns, 10);
    assert.equal(report.verified.sound, true);
  });

  test('ComparesOverHttp', async () => {
    const flags = ['--quick', '--only', 'turn', '--client', 'http', '--upstream', 'http'];
    const { code, report } = await bench('--compare', 'nginx,haproxy', ...flags);
    assert.equal(code, 0, JSON.stringify(report));
    assert.deepEqual([report.client, report.upstream], ['http', 'http']);
    const row = report.rows.find(({ figure }) => figure === 'CPU per short turn');
    assert.ok(row.values.turngate > 0);
    for (const proxy of report.subjects.filter((name) => name !== 'direct')) assert.ok(row.values[proxy] > 0, proxy);
  });
});
