import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { temporaryDirectory } from '../../scenarios/lib/place.mjs';
import { Program } from '../../scenarios/lib/program.mjs';
import { atEnd } from '../../scenarios/lib/scope.mjs';
import { within } from '../../scenarios/lib/wait.mjs';

const kCodex = fileURLToPath(import.meta.resolve('@openai/codex/bin/codex.js'));

export const kModel = 'gpt-5.2';

// Plugins, apps and updates would be looked for on the internet; a test needs none.
const settings = (daemon, { model, websockets, login }) => `
${model ? `model = "${model}"` : ''}
model_provider = "gate"
${login ? `chatgpt_base_url = "${daemon.url}"` : ''}
check_for_update_on_startup = false
features = { plugins = false, remote_plugin = false, apps = false }

[analytics]
enabled = false

[model_providers.gate]
name = "${login ? 'OpenAI' : 'gate'}"
base_url = "${daemon.url}"
${login ? 'requires_openai_auth = true' : 'env_key = "GATE_KEY"'}
wire_api = "responses"
supports_websockets = ${websockets}
`;

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');

// A token that says who is logged in; nobody has signed it.
export function chatgptToken() {
  const account = { chatgpt_account_id: 'account', chatgpt_user_id: 'user', chatgpt_plan_type: 'pro' };
  const claims = { email: 'a@example.com', exp: 4102444800, 'https://api.openai.com/auth': account };
  return `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(claims)}.${encoded('none')}`;
}

const authOf = (token) => ({
  OPENAI_API_KEY: null,
  tokens: { id_token: token, access_token: token, refresh_token: 'none', account_id: 'account' },
  last_refresh: new Date().toISOString(),
});

// One run of `codex exec` in a directory of its own: its exit code, and the events it printed. `model: null`: its default.
// `websockets: false`: it is told that the provider has none. `login`: a token with which it takes the gateway for OpenAI and
// itself for somebody who is logged in at ChatGPT; it is the key then.
export async function codexExec(scope, daemon, prompt, { model = kModel, websockets = true, login } = {}) {
  const home = await temporaryDirectory(scope);
  const directory = { codex: join(home, 'codex'), work: join(home, 'work') };
  await Promise.all(Object.values(directory).map((each) => mkdir(each)));
  await writeFile(join(directory.codex, 'config.toml'), settings(daemon, { model, websockets, login }));
  if (login) await writeFile(join(directory.codex, 'auth.json'), JSON.stringify(authOf(login)));
  const flags = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', '--json'];
  const program = new Program(process.execPath, [kCodex, 'exec', ...flags, prompt], {
    cwd: directory.work,
    env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: directory.codex, GATE_KEY: daemon.key },
  });
  atEnd(scope, () => program.isRunning && program.stop('SIGKILL'));
  const { code } = await within(program.ended, 'codex to finish', 90_000);
  const events = program.out.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return { code, events, said: program.out + program.err, work: directory.work };
}

// The items of one type that a run completed: 'agent_message', 'command_execution'.
export const itemsOf = (run, type) =>
  run.events.filter((event) => event.type === 'item.completed' && event.item.type === type).map((event) => event.item);

// The sim's answer that asks Codex to run a command.
export const shell = (cmd) => ({ answer: [{ call: { name: 'exec_command', arguments: { cmd } } }] });
