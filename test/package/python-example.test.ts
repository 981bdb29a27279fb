/** examples/python, as far as it can be checked without the CDK for Python: it compiles, and its names are the deployment's. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { matchesRule, sampleEvent } from '../../client/testing.ts';
import { Monitoring, WebhooksStack } from '../../lib/index.ts';

const APP = new URL('../../examples/python/app.py', import.meta.url);
const source = readFileSync(APP, 'utf8');
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('examples/python/app.py', () => {
  it.runIf(hasPython)('is Python', () => {
    const parse = 'import ast, sys; ast.parse(open(sys.argv[1], encoding="utf-8").read())';
    execFileSync('python3', ['-c', parse, fileURLToPath(APP)], { stdio: ['ignore', 'ignore', 'pipe'] });
  });

  it('names outputs that the deployment has', () => {
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
    const monitoring = Monitoring.optOut('The platform team watches.');
    const stack = new WebhooksStack(app, 'GeminiWebhooks', { webhooks: { monitoring } });
    const named = [...source.matchAll(/outputs\["(\w+)"\]/g)].map(([, name]) => name);

    expect(named).toEqual(['EventBusName', 'OutputBucketName']);
    expect(Object.keys(Template.fromStack(stack).toJSON()['Outputs'])).toEqual(expect.arrayContaining(named));
  });

  it('has a rule that takes the outputs of the nightly batches, and no others', () => {
    const listOf = (name: string) => JSON.parse(new RegExp(`${name}=(\\[.*\\])`).exec(source)?.[1] ?? 'null');
    const detail = JSON.parse(/detail=(\{.*\}),$/m.exec(source)?.[1] ?? 'null');
    const pattern = { source: listOf('source'), 'detail-type': listOf('detail_type'), detail };

    expect(matchesRule(pattern, sampleEvent('output.stored', { userMetadata: { job_group: 'nightly-eval' } }))).toBe(
      true,
    );
    expect(matchesRule(pattern, sampleEvent('output.stored'))).toBe(false);
    expect(matchesRule(pattern, sampleEvent('batch.succeeded'))).toBe(false);
  });
});
