/** The packed tarball in an empty folder: three lines synthesize, cdk-nag is content, and TypeScript finds its types. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { version, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
const installed = join(folder, 'node_modules', 'gemini-webhooks-aws');

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
  npm(ROOT, 'pack', '--pack-destination', folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const peers = ['aws-cdk-lib', 'constructs', 'cdk-nag'].map((name) => `${name}@${devDependencies[name]}`);
  npm(folder, 'install', '--prefer-offline', '--ignore-scripts', `./gemini-webhooks-aws-${version}.tgz`, ...peers);
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

  it('has types that a strict consumer can use', () => {
    mkdirSync(join(folder, 'typed'), { recursive: true });
    writeFileSync(
      join(folder, 'typed', 'consumer.ts'),
      `import { Duration } from 'aws-cdk-lib';
import { GeminiWebhooks, type GeminiWebhooksProps, Monitoring, type OutputStoredDetail } from 'gemini-webhooks-aws';
import { createWebhookConfig } from 'gemini-webhooks-aws/webhook-config';
export const props: GeminiWebhooksProps = {
  monitoring: Monitoring.optOut('The platform team watches.'),
  signingSecretRotation: Duration.days(7),
};
export const key = (detail: OutputStoredDetail): string => detail.manifestKey;
export const config = createWebhookConfig;
// @ts-expect-error the choice has to be made
export const wrong: GeminiWebhooksProps = {};
export { GeminiWebhooks };
`,
    );
    const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', skipLibCheck: true, types: [] };
    writeFileSync(join(folder, 'typed', 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

    execFileSync(process.execPath, [tsc, '--project', 'typed'], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }, 60_000);

  it('brings the command line, and the config for applications without the CDK', () => {
    const cli = join(folder, 'node_modules', '.bin', 'gemini-webhooks');
    expect(execFileSync(process.execPath, [cli, '--help'], { encoding: 'utf8' })).toContain('redrive <queue>');
    const script =
      "const { createWebhookConfig } = await import('gemini-webhooks-aws/webhook-config'); try { createWebhookConfig() } catch ({ message }) { console.log(message) }";
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(said).toContain('Missing: webhookUrl, tokenSecretId');
    expect(existsSync(join(installed, 'LICENSE'))).toBe(true);
  });

  it('brings the console with what its pages load', () => {
    const script = `const { createApp } = await import('${join(installed, 'dist', 'cli', 'console', 'app.js')}');
      const app = createApp({ source: {}, access: { key: 'k', token: 't', port: () => 1 }, clock: () => new Date() });
      const init = { headers: { host: '127.0.0.1:1' } };
      for (const name of ['console.js', 'console.css']) console.log((await app.request('/assets/' + name, init)).status);`;

    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).toBe(
      '200\n200\n',
    );
  });
});
