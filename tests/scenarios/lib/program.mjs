import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

import { atExit } from './scope.mjs';
import { slowed, waitFor, within } from './wait.mjs';

const kReport = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:/;

// A process and all it printed. `out` and `err` grow while it runs.
export class Program {
  out = '';
  err = '';

  constructor(path, args, options = {}) {
    this.name = path.split('/').pop();
    this.child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.out += text));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.err += text));
    const forget = atExit(() => this.child.kill('SIGKILL'));
    // 'close' comes after the last byte of output, 'exit' may come before it.
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        forget();
        resolve({ code, signal });
      });
    });
    this.ended.catch(forget);
  }

  get pid() {
    return this.child.pid;
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  // Waits for something it prints; fails at once, with what it said, if it ends before that.
  async printed(find, what) {
    const found = await waitFor(() => find() ?? (this.isRunning ? null : 'ended'), `${this.name} to print ${what}`);
    if (found === 'ended') throw new Error(`${this.name} ended before it printed ${what}:\n${this.err}`);
    return found;
  }

  // Its exit code; one that does not stop is killed, and that is a failure.
  async stop(signal = 'SIGTERM', patience = slowed(45_000)) {
    if (this.isRunning) this.child.kill(signal);
    try {
      const { code, signal: by } = await within(this.ended, `${this.name} to stop after ${signal}`, patience);
      return code ?? by;
    } catch (late) {
      this.child.kill('SIGKILL');
      throw new Error(`${late.message}\n${this.err.slice(-4000)}`);
    }
  }

  assertNoReport() {
    const at = this.err.search(kReport);
    assert.equal(at, -1, `a sanitizer complains about ${this.name}:\n${this.err.slice(Math.max(0, at - 200), at + 6000)}`);
  }
}
