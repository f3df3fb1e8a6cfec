import { readFileSync } from 'node:fs';

// A server that forks stands still, with all its children: its sockets stay open and say nothing.
export function freeze(program) {
  process.kill(program.pid, 'SIGSTOP'); // first: it forks no more
  for (const child of childrenOf(program.pid)) process.kill(child, 'SIGSTOP');
}

export function thaw(program) {
  if (!program.isRunning) return;
  for (const child of childrenOf(program.pid)) process.kill(child, 'SIGCONT');
  process.kill(program.pid, 'SIGCONT');
}

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
