/** What a local run measured, as CloudWatch would have it: EMF lines, Lambda's reports, and the access log. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

export interface Measured {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly at: number;
  readonly value: number;
}

const Emf = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});
const Report = z.object({
  time: z.string(),
  type: z.literal('platform.report'),
  record: z.object({ status: z.string(), metrics: z.object({ durationMs: z.number() }) }),
});
const Access = z.object({ requestTime: z.string(), responseLatency: z.string(), status: z.string() });
const Queue = z.object({ time: z.string(), queue: z.string(), visible: z.number() });

/** Written by who samples the queues of a run. */
export const QUEUES_LOG = 'queues.log';

/** @param apiId of the one HTTP API, whose id is not in its log */
export function readMeasured(logsDir: string, apiId = ''): readonly Measured[] {
  return readdirSync(logsDir).flatMap((file) => {
    const id = file.replace(/\.log$/, '');
    const lines = readFileSync(join(logsDir, file), 'utf8').split('\n').flatMap(parse);
    return lines.flatMap((line) => [
      ...fromEmf(line),
      ...fromReport(id, line),
      ...(id === 'access' ? fromAccess(line, apiId) : []),
      ...(file === QUEUES_LOG ? fromQueue(line) : []),
    ]);
  });
}

/** Not every line of a log is JSON. */
function parse(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

function fromEmf(line: unknown): Measured[] {
  const emf = Emf.safeParse(line);
  if (!emf.success) return [];
  const { _aws, ...fields } = emf.data;
  return _aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.map(({ Name }) => ({
        namespace: Namespace,
        name: Name,
        dimensions: Object.fromEntries(names.map((name) => [name, String(fields[name])])),
        at: _aws.Timestamp,
        value: Number(fields[Name]),
      })),
    ),
  );
}

function fromReport(id: string, line: unknown): Measured[] {
  const report = Report.safeParse(line);
  if (!report.success) return [];
  const { time, record } = report.data;
  const own = { namespace: 'AWS/Lambda', dimensions: { FunctionName: id }, at: Date.parse(time) };
  return [
    { ...own, name: 'Duration', value: record.metrics.durationMs },
    { ...own, name: 'Invocations', value: 1 },
    { ...own, name: 'Errors', value: record.status === 'success' ? 0 : 1 },
  ];
}

function fromQueue(line: unknown): Measured[] {
  const { data } = Queue.safeParse(line);
  if (data === undefined) return [];
  const dimensions = { QueueName: data.queue };
  const name = 'ApproximateNumberOfMessagesVisible';
  return [{ namespace: 'AWS/SQS', name, dimensions, at: Date.parse(data.time), value: data.visible }];
}

/** `24/Nov/2026:13:28:16 +0000`: API Gateway's own form. */
function fromAccess(line: unknown, apiId: string): Measured[] {
  const access = Access.safeParse(line);
  const [, date, time] = /^([^:]+):(\S+)/.exec(access.data?.requestTime ?? '') ?? [];
  if (!access.success || date === undefined) return [];
  const at = Date.parse(`${date.replaceAll('/', ' ')} ${time} UTC`);
  const { status, responseLatency } = access.data;
  const own = { namespace: 'AWS/ApiGateway', dimensions: { ApiId: apiId }, at };
  return [
    { ...own, name: 'Latency', value: Number(responseLatency) },
    { ...own, name: '4xx', value: status.startsWith('4') ? 1 : 0 },
    { ...own, name: '5xx', value: status.startsWith('5') ? 1 : 0 },
  ];
}
