/**
 * `npm run build`: what the two packages hold, into dist and client/dist. What is imported is CommonJS, so that every kind of
 * project can: Jest has no `require` of ES modules, and TypeScript none with `node16` (docs/decisions/0015-commonjs.md). The functions'
 * bundles are made as for a synthesis of this repository's own app, so that nobody deploys others than were tested.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';
import { SAMPLE_TYPES } from '../client/sample-detail.ts';
import { sampleEvent } from '../client/testing.ts';
import { bundleOf } from '../lib/bundle.ts';
import { FUNCTION_NAMES, moduleOf } from '../lib/functions.ts';
import { thirdPartiesIn, toNotices } from './notices.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const CLIENT = join(ROOT, 'client');
const CLIENT_DIST = join(CLIENT, 'dist');
const CLIENT_MODULES = ['index', 'submit-job', 'testing', 'webhook-config'];

function compile(project: string): void {
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', project], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

function bundleCommonJs(entryPoints: Readonly<Record<string, string>>, outdir: string, options?: BuildOptions): void {
  buildSync({
    ...options,
    absWorkingDir: ROOT,
    entryPoints: { ...entryPoints },
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    logLevel: 'warning',
  });
}

/** The packages' own package.json says ES module, for the command line and for the sources. */
function markAsCommonJs(folder: string): void {
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
}

for (const folder of [DIST, CLIENT_DIST]) rmSync(folder, { recursive: true, force: true });
compile('tsconfig.build.json');
compile('tsconfig.types.json');
bundleCommonJs({ index: 'lib/index.ts' }, join(DIST, 'lib'), {
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "'use strict';const moduleUrl=require('node:url').pathToFileURL(__filename).href;" },
});
for (const folder of ['lib', 'types']) markAsCommonJs(join(DIST, folder));
cpSync(join(ROOT, 'schemas'), join(DIST, 'schemas'), { recursive: true });
cpSync(join(ROOT, 'cli/console/assets'), join(DIST, 'cli/console/assets'), { recursive: true });

for (const name of FUNCTION_NAMES) {
  const folder = join(DIST, 'functions', name);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of bundleOf(moduleOf(name))) writeFileSync(join(folder, file), content);
}
const maps = FUNCTION_NAMES.map((name) => join(DIST, 'functions', name, 'index.mjs.map'));
writeFileSync(join(DIST, 'THIRD-PARTY-NOTICES.txt'), toNotices(thirdPartiesIn(maps, ROOT)));

bundleCommonJs(Object.fromEntries(CLIENT_MODULES.map((name) => [name, `client/${name}.ts`])), CLIENT_DIST);
for (const folder of ['client', 'lambda']) {
  cpSync(join(DIST, 'types', folder), join(CLIENT_DIST, 'types', folder), { recursive: true });
}
markAsCommonJs(CLIENT_DIST);
cpSync(join(ROOT, 'schemas', '1'), join(CLIENT_DIST, 'schemas', '1'), { recursive: true });
mkdirSync(join(CLIENT_DIST, 'samples'));
for (const type of SAMPLE_TYPES) {
  writeFileSync(join(CLIENT_DIST, 'samples', `${type}.json`), `${JSON.stringify(sampleEvent(type), null, 2)}\n`);
}
cpSync(join(ROOT, 'LICENSE'), join(CLIENT, 'LICENSE'));
console.log('dist and client/dist are built.');
