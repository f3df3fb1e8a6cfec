import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { atEnd, atExit } from './scope.mjs';

export const kRoot = fileURLToPath(new URL('../../../', import.meta.url));
export const kPricing = join(kRoot, 'config/pricing.yaml');

export const binary = (name) => resolve(process.env.TURNGATE_BIN ?? join(kRoot, 'build/dev/bin'), name);

export async function temporaryDirectory(scope) {
  const directory = await mkdtemp(join(tmpdir(), 'turngate-test-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const forget = atExit(remove);
  atEnd(scope, () => {
    remove();
    forget();
  });
  return directory;
}
