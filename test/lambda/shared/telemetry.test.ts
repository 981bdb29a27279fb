import { beforeEach, expect, it, vi } from 'vitest';
import { createTelemetry } from '../../../lambda/shared/telemetry.ts';

const lines: Record<string, unknown>[] = [];

beforeEach(() => {
  lines.length = 0;
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'GeminiWebhooks/test');
  // By the console of this process, and metrics all the same.
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  for (const level of ['info', 'warn', 'error', 'log'] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => lines.push(JSON.parse(line)));
  }
});

it('logs with the name of the service, and the fields that every line has', () => {
  const { log } = createTelemetry('check-webhook', { project: 'acme' });

  log.info('one', { code: 'ERR' });
  log.warn('two', {});
  log.error('three', {});

  expect(lines).toMatchObject([
    { level: 'INFO', message: 'one', service: 'check-webhook', project: 'acme', code: 'ERR' },
    { level: 'WARN', message: 'two', service: 'check-webhook', project: 'acme' },
    { level: 'ERROR', message: 'three', service: 'check-webhook', project: 'acme' },
  ]);
});

it('writes a metric with its own dimensions at once, and the others when they are flushed', () => {
  const { metrics, flush } = createTelemetry('fetch');
  metrics.count('OutputsFailed', { project: 'acme', jobType: 'batch' });
  metrics.seconds('SecondsToStore', 2.5, { project: 'acme', jobType: 'batch' });
  const alone = lines.splice(0);
  metrics.count('StaleKeysServed', undefined, 7);
  expect(lines).toEqual([]);
  flush();

  const emf = (name: string, unit: string, dimensions: readonly string[]) => ({
    CloudWatchMetrics: [
      { Namespace: 'GeminiWebhooks/test', Dimensions: [dimensions], Metrics: [{ Name: name, Unit: unit }] },
    ],
  });
  expect(alone).toMatchObject([
    {
      ...{ service: 'fetch', project: 'acme', jobType: 'batch', OutputsFailed: 1 },
      _aws: emf('OutputsFailed', 'Count', ['service', 'project', 'jobType']),
    },
    {
      ...{ service: 'fetch', project: 'acme', jobType: 'batch', SecondsToStore: 2.5 },
      _aws: emf('SecondsToStore', 'Seconds', ['service', 'project', 'jobType']),
    },
  ]);
  expect(lines).toMatchObject([
    { service: 'fetch', StaleKeysServed: 7, _aws: emf('StaleKeysServed', 'Count', ['service']) },
  ]);
});

it('writes nothing when nothing was measured', () => {
  createTelemetry('fetch').flush();

  expect(lines).toEqual([]);
});
