import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryDirectory } from './place.mjs';

// A certificate that signs itself: paths {cert, key} for who serves, and its text `ca` for who shall trust it.
export async function makeCertificate(scope, { address = 'IP:127.0.0.1' } = {}) {
  const directory = await temporaryDirectory(scope);
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const what = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=turngate-test'];
  execFileSync('openssl', ['req', '-x509', ...what, '-addext', `subjectAltName=${address}`, '-out', cert, '-keyout', key], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { cert, key, ca: readFileSync(cert, 'utf8') };
}
