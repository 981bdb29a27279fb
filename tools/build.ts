/**
 * `npm run build`: what the package holds, into dist. JavaScript and types by tsc; the functions' bundles are made as for a
 * synthesis of this repository's own app, so that nobody deploys others than were tested.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOf, findHandlers } from '../lib/bundle.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');

function run(program: string, ...args: string[]): void {
  execFileSync(process.execPath, [join(ROOT, 'node_modules', program), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

rmSync(DIST, { recursive: true, force: true });
run('typescript/bin/tsc', '--project', 'tsconfig.build.json');
cpSync(join(ROOT, 'schemas'), join(DIST, 'schemas'), { recursive: true });
cpSync(join(ROOT, 'cli/console/assets'), join(DIST, 'cli/console/assets'), { recursive: true });

for (const entry of findHandlers()) {
  const folder = join(DIST, 'handlers', basename(entry, '.ts'));
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of bundleOf(entry)) writeFileSync(join(folder, name), content);
}
console.log('dist is built.');
