import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { temporaryDirectory } from './place.mjs';
import { Program } from './program.mjs';
import { atEnd } from './scope.mjs';

const script = (name) => fileURLToPath(new URL(name, import.meta.url));

// systemd's end of a service of Type=notify with a watchdog: `env` is for the daemon, `count()` how often it said something.
export async function startNotified(scope, { watchdogMs }) {
  const path = join(await temporaryDirectory(scope), 'notify');
  const program = new Program('python3', [script('notified.py'), path]);
  atEnd(scope, () => program.stop('SIGKILL'));
  const lines = () => program.out.split('\n');
  await program.printed(() => lines().find((line) => line === 'listening'), '"listening"');
  return {
    env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: String(watchdogMs * 1000) },
    count: (message) => lines().filter((line) => line === message).length,
  };
}

// Holds the thread of that name still; returns what lets it go on, or null where nobody may.
export async function holdThread(scope, pid, name) {
  const tasks = `/proc/${pid}/task`;
  const thread = readdirSync(tasks).find((id) => readFileSync(`${tasks}/${id}/comm`, 'utf8').trim() === name);
  const child = spawn('python3', [script('hold_thread.py'), thread], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const release = async () => {
    child.stdin.end();
    await ended;
  };
  atEnd(scope, release);
  const held = await Promise.race([new Promise((resolve) => child.stdout.once('data', () => resolve(true))), ended.then(() => false)]);
  return held ? release : null;
}
