import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleOf } from '../../lib/bundle.ts';
import { resourcesOf, synthesize } from './synthesize.ts';

// Inside the project, because the bundler takes nothing from outside of it.
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
mkdirSync(join(PROJECT, '.local'), { recursive: true });
const folder = mkdtempSync(join(PROJECT, '.local/node-function-'));
// Outside of it, where no node_modules can lend what the bundle lacks.
const alone = mkdtempSync(join(tmpdir(), 'node-function-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('NodeFunction', () => {
  it('runs on Node.js 24 and arm64, traced, with JSON logs in a log group of its own that forgets', () => {
    const template = synthesize({ logRetention: RetentionDays.ONE_WEEK });

    const functions = Object.values(resourcesOf(template, 'AWS::Lambda::Function'));
    const logGroups = Object.values(resourcesOf(template, 'AWS::Logs::LogGroup'));

    expect(functions).toHaveLength(9);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching('Logs') } },
      });
    }
    expect(new Set(functions.map(({ Properties }) => JSON.stringify(Properties['LoggingConfig']))).size).toBe(9);
    expect(logGroups.map(({ Properties }) => Properties['RetentionInDays'])).toEqual(Array(12).fill(7));
  });

  it('bundles everything into an ES module with a source map, in which CommonJS finds the modules of Node', () => {
    const entry = join(folder, 'handler.ts');
    writeFileSync(join(folder, 'dependency.cjs'), "exports.name = require('node:path').basename('/a/from-commonjs');");
    writeFileSync(
      entry,
      `import { SQSClient } from '@aws-sdk/client-sqs';
       import { name } from './dependency.cjs';
       export const handler = async (): Promise<string> => \`\${name} \${typeof SQSClient}\`;`,
    );

    for (const [name, content] of bundleOf(entry)) writeFileSync(join(alone, name), content);

    const script = `const { handler } = await import('${alone}/index.mjs'); console.log(await handler());`;
    // As a module, because Node gives a script that it evaluates a global `require`.
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });

    expect(readdirSync(alone).sort()).toEqual(['index.mjs', 'index.mjs.map']);
    expect(output).toBe('from-commonjs function\n');
  });
});
