import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';

import { connect } from './lib/client.mjs';
import { accountOf, startDaemon } from './lib/daemon.mjs';
import { startSim } from './lib/sim.mjs';
import { slowed, waitFor } from './lib/wait.mjs';

// What an account is taken for (behaviour.md sections 5 and 6): out only if its credentials are refused, and then these
// credentials only; cooling only if it says so of itself. What the network, a proxy before it or one client provoked is no word
// about the account.

const kModel = { model: 'sim-1', store: false };
const kPage = { status: 403, headers: { 'content-type': 'text/html', 'cf-mitigated': 'challenge' }, body: '<html>Just a moment…' };
const kKeyRefused = { error: { type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key provided.' } };

const turnOf = (client, input, more = {}) => client.turn({ ...kModel, input, ...more });

function assertDone(turn) {
  assert.equal(turn.terminal.type, 'response.completed', JSON.stringify(turn.terminal));
}

async function two(t, upgrade, options = {}) {
  const script = upgrade ? [{ ...options, do: { upgrade } }] : [];
  const [a, b] = [await startSim(t, { script }), await startSim(t)];
  const accounts = [accountOf(a, { name: 'a', priority: 1 }), accountOf(b, { name: 'b', priority: 2 })];
  const daemon = await startDaemon(t, { config: { accounts } });
  return { a, b, daemon, client: await connect(t, daemon.wsUrl) };
}

async function one(t, script, options = {}) {
  const sim = await startSim(t, { script, ...options });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim)] } });
  return { sim, daemon, client: await connect(t, daemon.wsUrl) };
}

async function reconfigure(daemon, change) {
  const config = change(JSON.parse(await readFile(daemon.configFile, 'utf8')));
  await writeFile(daemon.configFile, JSON.stringify(config));
  const { status, body } = await daemon.admin('/api/v1/reload', { method: 'POST' });
  assert.equal(status, 200, JSON.stringify(body));
}

describe('An upgrade that is refused', { concurrency: 3 }, () => {
  const kOtherwise = {
    'by a page': kPage,
    'by a page of 300 KiB': { ...kPage, body_bytes: 300 * 1024 },
    'by a page without end': { ...kPage, endless: true },
    'by a 403 about something else': { status: 403, body: { error: { message: 'Country, region, or territory not supported', code: 'unsupported_country_region_territory' } } },
    'by a 503 of 300 KiB': { status: 503, body: 'busy', body_bytes: 300 * 1024 },
    'by a 502 without end': { status: 502, body: 'bad gateway', endless: true },
  };
  for (const [how, upgrade] of Object.entries(kOtherwise)) {
    test(`OnceAndIsTheOnlyAccount, ${how}, IsDialedAgain`, async (t) => {
      const { sim, daemon, client } = await one(t, [{ times: 1, do: { upgrade } }]);
      assertDone(await turnOf(client, 'one'));
      assert.equal(sim.upgrades().length, 2);
      assertDone(await turnOf(await connect(t, daemon.wsUrl), 'a stranger'));
    });

    test(`LeavesTheTurnToAnotherAndTheAccountIn, ${how}`, async (t) => {
      const { a, b, daemon, client } = await two(t, upgrade, { times: 1 });
      const begun = Date.now();
      assertDone(await turnOf(client, 'one'));
      assert.ok(Date.now() - begun < slowed(3_000), 'its body is not waited for');
      assert.deepEqual([a.creates().length, b.creates().length], [0, 1]);
      const stranger = await connect(t, daemon.wsUrl);
      assertDone(await turnOf(stranger, 'two'));
      assert.equal(a.creates().length, 1, 'the next turn is on a, which is the better one');
    });
  }

  test('ByAJsonErrorAboutTheKeyTakesItsCredentialsOut', async (t) => {
    for (const status of [401, 403]) {
      const { a, b, daemon, client } = await two(t, { status, body: kKeyRefused });
      assertDone(await turnOf(client, 'one'));
      const asked = a.upgrades().length;
      assertDone(await turnOf(await connect(t, daemon.wsUrl), 'two'));
      assert.deepEqual([a.upgrades().length, b.creates().length], [asked, 2]);
    }
  });

  test('With429IsLeftAloneForAsLongAsItSaysHoweverLongItsBodyIs', async (t) => {
    const upgrade = { status: 429, headers: { 'retry-after': '33' }, body: { error: { message: 'No.' } }, body_bytes: 300 * 1024 };
    const { sim, client } = await one(t, [{ do: { upgrade } }]);
    const told = await turnOf(client, 'one');
    assert.equal(told.error.code, 'rate_limit_exceeded', JSON.stringify(told.terminal));
    const seconds = Number(told.terminal.headers['retry-after']);
    assert.ok(seconds > 20 && seconds <= 33, `${seconds}`);
    await turnOf(client, 'two');
    assert.equal(sim.upgrades().length, 1, 'it is left alone');
  });

  test('BecauseOfOneClientKeepsNobodyElseOut', async (t) => {
    const { sim, daemon } = await one(t, [{ match: { header: { 'user-agent': 'curl/7' } }, do: { upgrade: kPage } }]);
    const odd = await connect(t, daemon.wsUrl, { headers: { 'user-agent': 'curl/7' } });
    const told = await turnOf(odd, 'one');
    assert.equal(told.terminal.type, 'error');
    const other = await connect(t, daemon.wsUrl, { headers: { 'user-agent': 'codex/1' } });
    assertDone(await turnOf(other, 'two'));
    assert.equal(sim.creates().length, 1);
  });

  test('WithAnother4xxIsToldAsItIs', async (t) => {
    const upgrade = { status: 404, body: { error: { message: 'No such deployment.', code: 'DeploymentNotFound' } } };
    const { a, b, daemon, client } = await two(t, upgrade, { times: 1 });
    const told = await turnOf(client, 'one');
    assert.deepEqual([told.terminal.type, told.terminal.status], ['error', 400], JSON.stringify(told.terminal));
    assert.match(told.error.message, /No such deployment/);
    assert.equal(b.creates().length, 0);
    assertDone(await turnOf(await connect(t, daemon.wsUrl), 'two'));
    assert.equal(a.creates().length, 1, 'it is no fault of the account');
  });
});

// The turn belongs to the configuration it began with; its key is refused when it must dial again.
test('AKeyThatWasReplacedDoesNotTakeItsSuccessorWithIt', async (t) => {
  const kHang = { match: { input_contains: 'long' }, times: 1, do: { fault: { kind: 'hang', when: 'before' } } };
  const sim = await startSim(t, { key: '', script: [kHang] });
  const daemon = await startDaemon(t, { config: { accounts: [accountOf(sim, { api_key: 'old-key-of-the-account' })] } });
  const client = await connect(t, daemon.wsUrl);
  client.create({ ...kModel, input: 'long' });
  await waitFor(() => sim.creates().length === 1, 'the turn to reach the upstream');
  const accounts = [accountOf(sim, { api_key: 'new-key-of-the-account' })];
  await reconfigure(daemon, (config) => ({ ...config, accounts }));
  await sim.script([{ match: { header: { authorization: 'Bearer old-key-of-the-account' } }, do: { upgrade: { status: 401, body: kKeyRefused } } }]);
  await sim.reset();
  const old = await client.toEnd();
  assert.ok(old.terminal.type === 'response.completed' || old.terminal.type === 'error', JSON.stringify(old.terminal));
  assertDone(await turnOf(client, 'and on'));
  assertDone(await turnOf(await connect(t, daemon.wsUrl), 'a stranger'));
});

// Connections that were dialed ahead with the old key are of no use: who revokes a key wants it unused.
test('SparesOfAKeyThatWasReplacedAreGoneAfterTheReload', async (t) => {
  const sim = await startSim(t, { key: '' });
  const keyed = (key) => [accountOf(sim, { api_key: `${key}-key-of-the-account-${key}` })];
  const daemon = await startDaemon(t, { config: { server: { threads: 1 }, pool: { spares: 1 }, accounts: keyed('old1') } });
  const client = await connect(t, daemon.wsUrl);
  assertDone(await turnOf(client, 'one'));
  await waitFor(() => sim.upgrades().length >= 2, 'a spare');
  const before = sim.upgrades().length;
  await reconfigure(daemon, (config) => ({ ...config, accounts: keyed('new2') }));
  const stranger = await connect(t, daemon.wsUrl);
  assertDone(await turnOf(stranger, 'two'));
  const { connection } = sim.creates().at(-1);
  assert.ok(connection > before, `a connection of the old key: ${connection} of ${before}`);
  const keyOf = ({ upgrade }) => upgrade.headers.find(([name]) => name.toLowerCase() === 'authorization')[1];
  assert.match(keyOf(sim.upgrades()[connection - 1]), /new2$/);
});

describe('A limit', { concurrency: 2 }, () => {
  const kLimit = { status: 429, code: 'rate_limit_exceeded', message: 'Slow down.', headers: { 'retry-after': '60' } };
  const limited = async (t, error) => {
    const script = [{ match: { model: 'sim-1' }, do: { error } }];
    const [a, b] = [await startSim(t, { script }), await startSim(t)];
    const models = { 'sim-1': 'sim-1', other: 'sim-2' };
    const accounts = [accountOf(a, { name: 'a', priority: 1, models }), accountOf(b, { name: 'b', priority: 2, models })];
    const daemon = await startDaemon(t, { config: { accounts, pricing: { unknown_model: 'sim-1' } } });
    return { a, b, daemon };
  };

  test('OfOneModelIsNoneOfTheOthers', async (t) => {
    const { a, b, daemon } = await limited(t, kLimit);
    const first = await connect(t, daemon.wsUrl);
    assertDone(await turnOf(first, 'one'));
    assert.deepEqual([a.creates().length, b.creates().length], [1, 1]);
    const other = await connect(t, daemon.wsUrl);
    assertDone(await turnOf(other, 'two', { model: 'other' }));
    assert.deepEqual([a.creates().length, b.creates().length], [2, 1], 'a serves the other model as before');
    const again = await connect(t, daemon.wsUrl);
    assertDone(await turnOf(again, 'three'));
    assert.deepEqual([a.creates().length, b.creates().length], [2, 2]);
  });

  test('OfTheWholeAccountIsOneOfAllItsModels', async (t) => {
    const { a, b, daemon } = await limited(t, { ...kLimit, code: 'usage_limit_reached', message: 'The usage limit has been reached.' });
    assertDone(await turnOf(await connect(t, daemon.wsUrl), 'one'));
    assertDone(await turnOf(await connect(t, daemon.wsUrl), 'two', { model: 'other' }));
    assert.deepEqual([a.creates().length, b.creates().length], [1, 2]);
  });
});
