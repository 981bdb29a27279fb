/**
 * `npm run build`: what the package holds, into dist. JavaScript and types by tsc; the functions' bundles are those of a
 * synthesis of this repository's own app, so that nobody deploys others than were tested.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');

/** A part of the logical id of the function that runs a handler. */
const HANDLERS: Readonly<Record<string, string>> = {
  verifier: 'DoorVerifier',
  'fetch-batch': 'BatchFetcher',
  'fetch-interaction': 'InteractionFetcher',
  'fetch-video': 'VideoFetcher',
  'register-webhook': 'Registrar',
  'rotate-secret': 'Rotator',
  'check-webhook': 'HealthCheck',
  reverify: 'Reverifier',
  'record-job': 'Recorder',
  reconcile: 'Reconciler',
};

interface Template {
  readonly Resources: Readonly<Record<string, { Type: string; Properties?: { Code?: { S3Key?: string } } }>>;
}

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

// Within the project: source maps name sources relative to it, and are the same on every machine.
const assembly = join(ROOT, '.local', 'build');
rmSync(assembly, { recursive: true, force: true });
try {
  // Every function, those of optional parts as well.
  run('aws-cdk/bin/cdk', 'synth', '--quiet', '--output', assembly, '-c', 'gemini-webhooks:quarantine=true');
  const template: Template = JSON.parse(readFileSync(join(assembly, 'GeminiWebhooks.template.json'), 'utf8'));
  for (const [name, part] of Object.entries(HANDLERS)) {
    const [found] = Object.entries(template.Resources).filter(
      ([id, { Type }]) => Type === 'AWS::Lambda::Function' && id.includes(part),
    );
    const key = found?.[1].Properties?.Code?.S3Key?.replace('.zip', '');
    if (key === undefined) throw new Error(`The template has no function ${part}; correct tools/build.ts.`);
    cpSync(join(assembly, `asset.${key}`), join(DIST, 'handlers', name), { recursive: true });
  }
} finally {
  rmSync(assembly, { recursive: true, force: true });
}
console.log('dist is built.');
