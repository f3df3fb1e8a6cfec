import { execFileSync } from 'node:child_process';
import { chownSync, readdirSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory } from './place.mjs';
import { Program } from './program.mjs';
import { atEnd } from './scope.mjs';
import { waitFor } from './wait.mjs';

// A real PostgreSQL on a unix socket in a directory of its own, without a port. It refuses to run as root, so under root it
// runs as postgres, else nobody.
export async function startPostgres(scope) {
  const postgres = new Postgres(await temporaryDirectory(scope));
  atEnd(scope, () => postgres.stop());
  await postgres.start();
  return postgres;
}

// Debian keeps the server's programs out of PATH.
function program(name) {
  const home = '/usr/lib/postgresql';
  try {
    return join(home, readdirSync(home).sort().at(-1), 'bin', name);
  } catch {
    return name;
  }
}

const idOf = (user, flag) => Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));

function somebody() {
  if (process.getuid() !== 0) return {};
  for (const user of ['postgres', 'nobody']) {
    try {
      return { uid: idOf(user, '-u'), gid: idOf(user, '-g') };
    } catch {
      continue;
    }
  }
  throw new Error('neither postgres nor nobody is a user here');
}

class Postgres {
  constructor(directory) {
    this.directory = directory;
    this.data = join(directory, 'data');
    this.as = somebody();
    if (this.as.uid !== undefined) chownSync(directory, this.as.uid, this.as.gid);
    const flags = [`--pgdata=${this.data}`, '--username=turngate', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    execFileSync(program('initdb'), flags, { ...this.as, cwd: directory, stdio: 'ignore' });
  }

  get url() {
    return `postgresql://turngate@/postgres?host=${encodeURIComponent(this.directory)}`;
  }

  async start() {
    const flags = ['-D', this.data, '-k', this.directory, '-h', '', '-F', '-c', 'shared_buffers=16MB'];
    this.program = new Program(program('postgres'), flags, { ...this.as, cwd: this.directory });
    const socket = join(this.directory, '.s.PGSQL.5432');
    await waitFor(() => access(socket).then(() => this.program.err.includes('ready to accept'), () => false), 'postgres to listen');
  }

  // At once, as if it had crashed.
  async stop() {
    if (this.program?.isRunning) await this.program.stop('SIGQUIT');
  }
}
