/** The packed tarballs in an empty folder: three lines synthesize, cdk-nag is content, and every kind of project compiles and runs. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, inject, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { version, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
const installed = join(folder, 'node_modules', 'gemini-webhooks-aws');

const TARBALLS = ['gemini-webhooks-aws', 'gemini-webhooks-client'].map((name) => `./${name}-${version}.tgz`);
/** What projects have that are not like this one. `node10` went with TypeScript 7. */
const OF_CONSUMERS = ['typescript@5.9.3', 'ts-node@10.9.2', 'jest@30.5.2', '@swc/core@1.16.22', '@swc/jest@0.2.39'];
const TYPESCRIPT_7 = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const TYPESCRIPT_5 = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');

const npm = (cwd: string, ...args: string[]) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** All files below a folder, with paths relative to it. */
function filesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}

beforeAll(() => {
  // Once, and not for each of the two.
  npm(ROOT, 'run', 'build');
  npm(ROOT, 'pack', '--ignore-scripts', '--workspaces', '--include-workspace-root', '--pack-destination', folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const names = ['aws-cdk-lib', 'constructs', 'cdk-nag', '@types/node'];
  const others = names.map((name) => `${name}@${devDependencies[name]}`);
  npm(folder, 'install', '--prefer-offline', '--ignore-scripts', ...TARBALLS, ...others, ...OF_CONSUMERS);
}, 600_000);

const APP = `
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { GeminiWebhooks, Monitoring } from 'gemini-webhooks-aws';

const app = new App({ outdir: 'cdk.out' });
new GeminiWebhooks(new Stack(app, 'Mine'), 'Webhooks', { monitoring: Monitoring.alarms({ email: 'on-call@example.com' }) });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
`;

describe('the package', () => {
  it('synthesizes in an app of three lines, and passes cdk-nag', () => {
    writeFileSync(join(folder, 'app.js'), APP);

    execFileSync(process.execPath, ['app.js'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

    const template = JSON.parse(readFileSync(join(folder, 'cdk.out', 'Mine.template.json'), 'utf8'));
    const types = Object.values<{ Type: string }>(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(9);
    expect(types).toContain('Custom::GeminiWebhook');
  }, 60_000);

  it('deploys the bundles that this repository deploys, byte for byte', () => {
    const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
    const hashesOf = (dir: string) =>
      new Set(
        filesOf(dir)
          .filter((file) => file.endsWith('index.mjs'))
          .map((file) => hash(join(dir, file))),
      );
    const here = hashesOf(inject('assemblyDir'));
    const packed = hashesOf(join(folder, 'cdk.out'));

    // The three fetchers share one.
    expect(packed.size).toBe(7);
    expect([...packed].filter((one) => !here.has(one))).toEqual([]);
  });

  it('holds JavaScript and types, no TypeScript to be stripped, no tests, and no path of a machine', () => {
    const files = filesOf(installed);
    // The examples are there to be read and copied.
    const sources = files.filter((file) => /(?<!\.d)\.ts$/.test(file) && !file.startsWith('examples/'));

    expect(sources).toEqual([]);
    expect(files.filter((file) => /(^|\/)(test|bin|tools)\//.test(file))).toEqual([]);
    for (const file of files)
      expect([file, readFileSync(join(installed, file), 'utf8').includes(ROOT)]).toEqual([file, false]);
  });

  it('imports and bundles nothing of the policy simulator, whose licence is the AGPL', () => {
    const importing = filesOf(join(installed, 'dist')).filter((file) =>
      readFileSync(join(installed, 'dist', file), 'utf8').includes('@cloud-copilot/'),
    );
    const notices = readFileSync(join(installed, 'dist', 'THIRD-PARTY-NOTICES.txt'), 'utf8');

    expect(importing).toEqual([]);
    expect(existsSync(join(folder, 'node_modules', '@cloud-copilot'))).toBe(false);
    expect(notices).toMatch(/^jose \d+\.\d+\.\d+ \(MIT\)$/m);
    expect(notices).not.toMatch(/GPL/);
  });

  it('brings the command line', () => {
    const cli = join(folder, 'node_modules', '.bin', 'gemini-webhooks');

    expect(execFileSync(process.execPath, [cli, '--help'], { encoding: 'utf8' })).toContain('redrive <queue>');
    expect(existsSync(join(installed, 'LICENSE'))).toBe(true);
  });

  it('brings the console with what its pages load', () => {
    const script = `const { createApp } = await import('${join(installed, 'dist', 'cli', 'console', 'http', 'app.js')}');
      const app = createApp({ source: {}, access: { key: 'k', token: 't', port: () => 1 }, clock: () => new Date() });
      const init = { headers: { host: '127.0.0.1:1' } };
      for (const name of ['console.js', 'console.css']) console.log((await app.request('/assets/' + name, init)).status);`;

    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).toBe(
      '200\n200\n',
    );
  });
});

const CONSUMER = `
import { App, Duration, Stack } from 'aws-cdk-lib';
import { GeminiWebhooks, type GeminiWebhooksProps, Monitoring, type OutputStoredDetail } from 'gemini-webhooks-aws';
import type { WebhookEvent } from 'gemini-webhooks-client';
import { createJobAnnouncer } from 'gemini-webhooks-client/submit-job';
import { matchesRule, sampleEvent } from 'gemini-webhooks-client/testing';
import { createWebhookConfig } from 'gemini-webhooks-client/webhook-config';

const props: GeminiWebhooksProps = {
  monitoring: Monitoring.optOut('The platform team watches.'),
  signingSecretRotation: Duration.days(7),
};
// @ts-expect-error the choice has to be made
export const wrong: GeminiWebhooksProps = {};

const stored: WebhookEvent<'output.stored'> = sampleEvent('output.stored');
export const detail: OutputStoredDetail = stored.detail;
export const key: string = detail.manifestKey;
// @ts-expect-error an event of Gemini's has no manifest
export const none = sampleEvent('batch.succeeded').detail.manifestKey;

const app = new App();
new GeminiWebhooks(new Stack(app, 'Mine'), 'Webhooks', props);
const { template } = app.synth().getStackByName('Mine');
const types = Object.values<{ Type: string }>(template.Resources).map(({ Type }) => Type);
const pattern = { 'detail-type': ['output.stored'] };
const taken = [matchesRule(pattern, stored), matchesRule(pattern, sampleEvent('output.failed'))];
console.log(types.filter((type) => type === 'AWS::Lambda::Function').length, ...taken);
for (const create of [createJobAnnouncer, createWebhookConfig]) {
  try {
    create();
  } catch (error) {
    console.log(String(error));
  }
}
`;
const SAID = `9 true false
Error: Missing: eventBusName. Call addJobSubmission(function) of the GeminiWebhooks construct, or pass it from the stack's outputs.
Error: Missing: webhookUrl, tokenSecretId. Call addWebhookConfig(function) of the GeminiWebhooks construct, or pass it from the stack's outputs.
`;

describe('a project', () => {
  const kind = (name: string, type: 'commonjs' | 'module', compilerOptions: object) => {
    const project = join(folder, name);
    mkdirSync(project);
    writeFileSync(join(project, 'consumer.ts'), CONSUMER);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type }));
    const common = { strict: true, target: 'es2022', outDir: 'out', skipLibCheck: true, types: ['node'] };
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...common, ...compilerOptions }, include: ['consumer.ts'] }),
    );
    return project;
  };
  const node = (project: string, ...args: string[]) =>
    execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

  it.each([
    // As `cdk init` makes it today.
    ['nodenext', 'commonjs', { module: 'nodenext' }, TYPESCRIPT_7],
    ['nodenext of ES modules', 'module', { module: 'nodenext' }, TYPESCRIPT_7],
    // The types themselves are checked, too.
    ['node16', 'commonjs', { module: 'node16', skipLibCheck: false, lib: ['es2022', 'dom'] }, TYPESCRIPT_5],
    ['node16 of ES modules', 'module', { module: 'node16' }, TYPESCRIPT_5],
    ['bundler', 'module', { module: 'esnext', moduleResolution: 'bundler' }, TYPESCRIPT_7],
  ] as const)('of the kind %s compiles and synthesizes', (name, type, options, tsc) => {
    const project = kind(name.replaceAll(' ', '-'), type, options);

    node(project, tsc, '--project', '.');

    expect(node(project, 'out/consumer.js')).toBe(SAID);
  });

  it('of the classic kind, with ts-node, compiles and synthesizes', () => {
    const project = kind('classic', 'commonjs', { module: 'commonjs', moduleResolution: 'node10' });

    expect(node(project, join(folder, 'node_modules', 'ts-node', 'dist', 'bin.js'), 'consumer.ts')).toBe(SAID);
  });

  it('synthesizes in Jest, as `cdk init` sets it up', () => {
    const project = kind('jest', 'commonjs', { module: 'nodenext' });
    writeFileSync(join(project, 'jest.config.js'), `module.exports = { transform: { '\\.ts$': ['@swc/jest'] } };`);
    writeFileSync(
      join(project, 'consumer.test.ts'),
      `import { App, Stack } from 'aws-cdk-lib';
import { GeminiWebhooks, Monitoring } from 'gemini-webhooks-aws';
import { matchesRule, sampleEvent } from 'gemini-webhooks-client/testing';

test('synthesizes', () => {
  const app = new App();
  const monitoring = Monitoring.optOut('The platform team watches.');
  new GeminiWebhooks(new Stack(app, 'Mine'), 'Webhooks', { monitoring });
  expect(app.synth().stacks).toHaveLength(1);
  expect(matchesRule({ source: ['gemini.webhooks'] }, sampleEvent('output.stored'))).toBe(true);
}, 60_000);
`,
    );
    const jest = join(folder, 'node_modules', 'jest', 'bin', 'jest.js');

    const [suites] = JSON.parse(node(project, jest, '--json', '--silent')).testResults;
    expect(suites.assertionResults).toMatchObject([{ title: 'synthesizes', status: 'passed' }]);
  });
});

describe('gemini-webhooks-client', () => {
  const alone = mkdtempSync(join(tmpdir(), 'client-'));

  it('installs without a registry and brings nothing with it, and its schemas and samples can be imported', () => {
    writeFileSync(join(alone, 'package.json'), '{ "private": true }');
    npm(alone, 'install', '--offline', join(folder, `gemini-webhooks-client-${version}.tgz`));
    const script = `console.log(require('gemini-webhooks-client/schemas/1/OutputStored.json').title);
      console.log(require('gemini-webhooks-client/samples/output.stored.json')['detail-type']);`;

    expect(readdirSync(join(alone, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'gemini-webhooks-client',
    ]);
    expect(execFileSync(process.execPath, ['-e', script], { cwd: alone, encoding: 'utf8' })).toBe(
      'OutputStored\noutput.stored\n',
    );
  });

  it('has no types of zod, and no path of a machine', () => {
    const files = filesOf(join(folder, 'node_modules', 'gemini-webhooks-client'));
    const contents = files.map((file) => [
      file,
      readFileSync(join(folder, 'node_modules', 'gemini-webhooks-client', file), 'utf8'),
    ]);

    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/testing.js']));
    expect(contents.filter(([, text = '']) => text.includes(ROOT) || /from ['"]zod/.test(text))).toEqual([]);
  });
});
