/** The picture of the dashboard: every widget of the template is in it, and alarms are as the figures make them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeAlarms } from '../../../local/dashboard/alarms.ts';
import { drawDashboard } from '../../../local/dashboard/draw.ts';
import type { Measured } from '../../../local/dashboard/measured.ts';
import { renderSvg } from '../../../local/dashboard/svg.ts';
import { readAssembly } from '../../../local/template/assembly.ts';
import { readStack } from '../../../local/template/stack.ts';
import { newStack } from '../../lib/synthesize.ts';

const committed = readFileSync(new URL('../../../docs/dashboard.svg', import.meta.url), 'utf8');
let stateDir: string;

/** As EMF has it. */
const line = (name: string, value: number, dimensions: Readonly<Record<string, string>>) =>
  JSON.stringify({
    _aws: {
      Timestamp: Date.parse('2026-11-24T05:00:00Z'),
      CloudWatchMetrics: [
        { Namespace: 'GeminiWebhooks/local', Dimensions: [Object.keys(dimensions)], Metrics: [{ Name: name }] },
      ],
    },
    ...dimensions,
    [name]: value,
  });

beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-dashboard-'));
  const { directory } = (newStack().node.root as App).synth();
  cpSync(directory, join(stateDir, 'cdk.out'), { recursive: true });
  const logs = join(stateDir, 'logs');
  mkdirSync(logs);
  const lines = [
    line('Deliveries', 1, { service: 'verifier', source: 'default', outcome: 'accepted' }),
    line('Deliveries', 1, { service: 'verifier', source: 'default', outcome: 'ERR_PUBLISH_FAILED' }),
  ];
  writeFileSync(join(logs, 'verifier.log'), `${lines.join('\n')}\nno JSON\n`);
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

function titlesOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*font-weight="bold" fill="#16191f">([^<]+)</g)]
    .map(([, title = '']) => title)
    .filter((title) => /^[A-Z]/.test(title));
}

const TITLES = [
  ...['Is it healthy?', 'Alarms: may events be lost?', 'Alarms: what else?'],
  ...['Webhook at Gemini (1 is healthy)', 'Jobs waiting to be fetched', 'Dead letters'],
  ...['How much flows?', 'Deliveries', 'Jobs landed', 'Bytes landed'],
  "How long from the job's end to its manifest?",
  ...['From the end of a job to its manifest', 'Answers to Gemini', 'Runs of the verifier'],
  ...['What fails, and where?', 'Deliveries refused', 'Fetches', 'Errors of the functions'],
  ...['Webhooks missed', 'Announced without a webhook', 'Oldest job that has not landed'],
];

describe('the picture', () => {
  it('has every widget of the template', () => {
    expect(titlesOf(drawDashboard(stateDir))).toEqual(TITLES);
  });

  it('in docs has them, too; else run "npm run dashboard"', () => {
    expect(titlesOf(committed)).toEqual(TITLES);
  });

  it('in docs has a figure for every number, and every alarm', () => {
    const alarms = [...committed.matchAll(/fill="#16191f"(?: font-weight="bold")?>([a-z][a-z-]+)</g)];
    expect(committed).not.toContain('>–<');
    expect(alarms.map(([, name]) => name).toSorted()).toEqual(
      [...drawDashboard(stateDir).matchAll(/fill="#16191f"(?: font-weight="bold")?>([a-z][a-z-]+)</g)]
        .map(([, name]) => name)
        .toSorted(),
    );
  });

  it('shows which alarms the figures set off', () => {
    const svg = drawDashboard(stateDir);

    expect(svg).toContain('font-weight="bold">events-may-be-lost<');
    expect(svg).toContain('font-weight="bold">publish-failed<');
    expect(svg).not.toContain('font-weight="bold">store-unavailable<');
  });

  it('is refused while there are no figures', () => {
    const empty = mkdtempSync(join(tmpdir(), 'gemini-webhooks-dashboard-'));
    cpSync(join(stateDir, 'cdk.out'), join(empty, 'cdk.out'), { recursive: true });
    mkdirSync(join(empty, 'logs'));

    expect(() => drawDashboard(empty)).toThrow('has no figures');
    rmSync(empty, { recursive: true, force: true });
  });
});

describe('alarms', () => {
  const at = 0;
  const of = (name: string, value: number, dimensions: Measured['dimensions']): Measured => ({
    namespace: 'GeminiWebhooks/local',
    ...{ name, dimensions, at, value },
  });
  function statesFor(measured: readonly Measured[]): Readonly<Record<string, string>> {
    const assembly = readAssembly(join(stateDir, 'cdk.out'));
    const { identityOf } = readStack(assembly, { apiUrl: 'http://127.0.0.1', awsUrl: 'http://127.0.0.1' });
    const judged = judgeAlarms(assembly.resources, identityOf, measured);
    return Object.fromEntries(judged.map(({ name, state }) => [name, state]));
  }

  it('without any figure are as they treat missing data', () => {
    expect(statesFor([])).toMatchObject({
      'verifier-errors': 'ok',
      'webhook-unhealthy': 'unknown',
      'reconciler-silent': 'alarm',
      'events-may-be-lost': 'ok',
    });
  });

  it('weigh by their expressions', () => {
    const deliveries = (outcome: string, value: number) =>
      of('Deliveries', value, { service: 'verifier', source: 'default', outcome });

    expect(statesFor([deliveries('ERR_SIGNATURE_MISMATCH', 3), deliveries('accepted', 7)])).toMatchObject({
      'signatures-rejected': 'alarm',
    });
    expect(statesFor([deliveries('ERR_SIGNATURE_MISMATCH', 2), deliveries('accepted', 8)])).toMatchObject({
      'signatures-rejected': 'ok',
    });
    const age = (value: number) =>
      of('OldestUnlanded', value, { service: 'reconciler', source: 'default', jobType: 'batch' });
    expect(statesFor([age(86_400)])).toMatchObject({ 'oldest-unlanded-batch': 'alarm', 'events-may-be-lost': 'alarm' });
    expect(statesFor([age(86_399)])).toMatchObject({ 'oldest-unlanded-batch': 'ok', 'events-may-be-lost': 'ok' });
  });

  it('do not take figures of other dimensions', () => {
    expect(statesFor([of('OldestUnlanded', 86_400, { service: 'reconciler', jobType: 'batch' })])).toMatchObject({
      'oldest-unlanded-batch': 'unknown',
    });
  });
});

it('fails at a widget that it cannot draw', () => {
  const place = { x: 0, y: 0, width: 8, height: 6 };
  const widget = { type: 'metric', ...place, properties: { title: 'Shares', view: 'pie' } };

  expect(() => renderSvg([{ widget, series: [], alarms: [] }], '')).toThrow(
    'The widget "Shares" is a metric in the view pie. Add that to local/dashboard/svg.ts.',
  );
});
