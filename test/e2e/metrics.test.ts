/** What the deployed bundles measure: the series that alarms and dashboard are held to. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { METRIC_SERIES } from '../../lambda/contract.ts';
import { deliveryOf, listen, post, startTestRun } from './local-run.ts';

it('writes metrics by the functions and under the dimensions that the contract says', async () => {
  const run = await startTestRun({}, { reconcile: { graceSeconds: 0, everyMs: 3_600_000 } });
  const heard = listen(run.aws);
  try {
    const stored = ['batch', 'interaction', 'video'].map(async (kind) => {
      const init = { method: 'POST', body: JSON.stringify({ kind }) };
      const response = await fetch(`${run.endpoints.simulatorControlUrl}/jobs`, init);
      const { name } = (await response.json()) as { name: string };
      await heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name);
    });
    await Promise.all(stored);
    // Longer ago than Gemini keeps a batch: a job of today that it does not show is waited for.
    const timestamp = new Date(Date.now() - 3 * 24 * 3_600_000).toISOString();
    const gone = { type: 'batch.succeeded', data: { id: 'batches/none' }, timestamp };
    await post(deliveryOf(run, gone));
    await heard.until(({ 'detail-type': type }) => type === 'output.failed');
    await post(deliveryOf(run, gone, { headers: { 'webhook-signature': 'v1,AAAA' } }));
    await run.aws.runSchedule('HealthCheck');
    await run.aws.runSchedule('Reconciler');

    const written = seriesIn(join(run.stateDir, 'logs'));
    const told = Object.entries(METRIC_SERIES).flatMap(([name, { services, dimensions }]) =>
      services.map((service) => `${name} ${service} ${dimensions.toSorted()}`),
    );

    expect(told).toEqual(expect.arrayContaining([...written]));
    expect([...written]).toEqual(
      expect.arrayContaining([
        'BytesStored fetch jobType,project',
        'BytesStored fetch jobType,project',
        'BytesStored fetch jobType,project',
        'Deliveries verifier outcome,project',
        'JobsChecked reconciler project',
        'SecondsToStore fetch jobType,project',
        'SecondsToStore fetch jobType,project',
        'SecondsToStore fetch jobType,project',
        'OldestUnstored reconciler jobType,project',
        'OutputsFailed fetch jobType,project',
        'OutputsStored fetch jobType,project',
        'OutputsStored fetch jobType,project',
        'OutputsStored fetch jobType,project',
        'SecretAge check-webhook project,secret',
        'WebhookHealthy check-webhook project',
      ]),
    );
  } finally {
    await run.close();
  }
});

/** Name, service and names of the other dimensions of every metric that a function wrote as a line of EMF. */
function seriesIn(logsDir: string): ReadonlySet<string> {
  const lines = readdirSync(logsDir)
    .flatMap((file) => readFileSync(join(logsDir, file), 'utf8').split('\n'))
    .filter((line) => line.includes('"Namespace":"GeminiWebhooks/local"'));
  const series = lines.flatMap((line) => {
    const emf = JSON.parse(line) as { service: string; _aws: { CloudWatchMetrics: Directive[] } };
    return emf._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
      Metrics.flatMap(({ Name }) =>
        Dimensions.map((names) => `${Name} ${emf.service} ${names.filter((name) => name !== 'service').toSorted()}`),
      ),
    );
  });
  return new Set(series);
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
interface Directive {
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string }[];
}
