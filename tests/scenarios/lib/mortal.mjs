import { Daemon, startDaemon } from './daemon.mjs';
import { atEnd } from './scope.mjs';
import { within } from './wait.mjs';

// A gateway that is killed and started again, on the same files, as often as a test likes.
export class Mortal {
  kills = 0;

  // The first start: it makes the configuration. `options` as of startDaemon.
  static async start(scope, options) {
    const mortal = new Mortal();
    mortal.scope = scope;
    mortal.daemon = await startDaemon(scope, options);
    mortal.isAlive = true;
    return mortal;
  }

  // Where it listens; null while it does not, and from the kill on.
  get wsUrl() {
    return this.isAlive && this.daemon.address ? this.daemon.wsUrl : null;
  }

  // Returns at once; it may be killed before it listens, too.
  startAgain() {
    const daemon = new Daemon(this.daemon.home, this.daemon.configFile, {});
    atEnd(this.scope, () => daemon.finish());
    this.daemon = daemon;
    this.isAlive = true;
    this.#findAddress(daemon).catch(() => {}); // it was killed before
  }

  async #findAddress(daemon) {
    const line = await daemon.program.printed(() => daemon.logged('listening')[0], '"listening"');
    Object.assign(daemon, { address: line.address, secure: line.tls ? 's' : '' });
  }

  async kill() {
    const { program } = this.daemon;
    if (!program.isRunning) throw new Error(`the gateway ended before it was killed:\n${program.err.slice(-4000)}`);
    this.isAlive = false;
    program.child.kill('SIGKILL');
    ++this.kills;
    const { signal } = await within(program.ended, 'the gateway to die');
    if (signal !== 'SIGKILL') throw new Error(`the gateway did not die of SIGKILL:\n${program.err.slice(-4000)}`);
  }
}
