/**
 * `npm run build`: what the package holds, into dist. JavaScript and types by tsc; the functions' bundles are made as for a
 * synthesis of this repository's own app, so that nobody deploys others than were tested.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOf } from '../lib/bundle.ts';
import { FUNCTION_NAMES, moduleOf } from '../lib/functions.ts';
import { thirdPartiesIn, toNotices } from './notices.ts';

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

for (const name of FUNCTION_NAMES) {
  const folder = join(DIST, 'functions', name);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of bundleOf(moduleOf(name))) writeFileSync(join(folder, file), content);
}
const maps = FUNCTION_NAMES.map((name) => join(DIST, 'functions', name, 'index.mjs.map'));
writeFileSync(join(DIST, 'THIRD-PARTY-NOTICES.txt'), toNotices(thirdPartiesIn(maps, ROOT)));
console.log('dist is built.');
