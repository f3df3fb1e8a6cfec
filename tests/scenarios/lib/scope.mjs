// What a test opened is closed when it ends, the last first. A scope is anything with after(): a test's
// context `t`, or `{after}` of node:test for what a whole file shares.
const opened = new WeakMap();

export function atEnd(scope, undo) {
  let undos = opened.get(scope);
  if (!undos) {
    opened.set(scope, (undos = []));
    scope.after(() => undoAll(undos));
  }
  undos.push(undo);
}

// All of them, whatever one of them says; the first complaint is the test's.
async function undoAll(undos) {
  const complaints = [];
  while (undos.length > 0) {
    try {
      await undos.pop()();
    } catch (complaint) {
      complaints.push(complaint);
    }
  }
  if (complaints.length > 0) throw complaints[0];
}

const remains = new Set();

// For a test that is cut short: done, at once, if the process ends while it is still registered. Returns what unregisters it.
export function atExit(undo) {
  remains.add(undo);
  return () => remains.delete(undo);
}

process.on('exit', () => remains.forEach((undo) => undo()));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
