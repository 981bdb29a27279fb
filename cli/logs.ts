/** Log lines of the deployment's functions: in CloudWatch, or in the files of a local run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { DeploymentDescription, DescribedFunction, DescribedProject } from '../lambda/deployment-description.ts';
import type { Deployment } from './deployment.ts';

export interface LogLine {
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly function: string;
  readonly level: string;
  readonly message: string;
  readonly requestId: string | null;
  /** What else the line says. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Whoever may have something to say about jobs of these projects, by the name that a person knows. */
export function functionsOf(
  { verifier, recorder, fetchers, reverifier }: DeploymentDescription,
  projects: readonly DescribedProject[],
): readonly (readonly [name: string, written: DescribedFunction])[] {
  return [
    ['verifier', verifier],
    ['recorder', recorder],
    ...Object.entries(fetchers).map(([jobType, fetcher]) => [`${jobType} fetcher`, fetcher] as const),
    ...(reverifier === undefined ? [] : [['reverifier', reverifier] as const]),
    ...projects.map(({ name, reconciler }) => [`reconciler, ${name}`, reconciler] as const),
  ];
}

/** More are not for eyes. */
const MAX_LINES = 5000;

/** Lines of the function that hold one of the texts, in the order of time. */
export async function readLog(
  { clients: { logs }, stateDir }: Deployment,
  written: DescribedFunction,
  texts: readonly string[],
  since: Date,
): Promise<readonly LogLine[]> {
  if (texts.length === 0) return [];
  const lines =
    logs === undefined
      ? readFile(join(stateDir ?? '.', 'logs', `${written.name}.log`), texts)
      : await filter(logs, written.logGroup, texts, since);
  return lines
    .map((line) => parse(line, written.name))
    .filter(({ time }) => time >= since.toISOString())
    .toSorted((a, b) => a.time.localeCompare(b.time));
}

function readFile(file: string, texts: readonly string[]): readonly string[] {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    // A function that was never invoked has written none.
    return [];
  }
  return content.split('\n').filter((line) => texts.some((text) => line.includes(text)));
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html: `?` before each of several that do. */
async function filter(
  client: CloudWatchLogsClient,
  logGroupName: string,
  texts: readonly string[],
  since: Date,
): Promise<readonly string[]> {
  const terms = texts.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`);
  const filterPattern = terms.length === 1 ? terms[0] : terms.map((term) => `?${term}`).join(' ');
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new FilterLogEventsCommand({ logGroupName, filterPattern, startTime: since.getTime(), nextToken }),
    );
    found.push(...(page.events ?? []).flatMap(({ message }) => message ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined && found.length < MAX_LINES);
  return found;
}

const KNOWN = ['timestamp', 'time', 'level', 'message', 'function_request_id', 'record'];
/** The same in every line of a function. */
const NOISE = /^(?:service|sampling_rate|cold_start|function_(?:arn|memory_size|name)|xray_trace_id|logger_name)$/;

/** A line of ours, or of Lambda itself: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html */
function parse(line: string, name: string): LogLine {
  const json = parseJson(line);
  const text = (key: string) => (typeof json[key] === 'string' ? json[key] : undefined);
  const record = (json['record'] ?? {}) as { readonly requestId?: string; readonly status?: string };
  const isReport = text('type') === 'platform.report';
  const isBad = isReport && record.status !== undefined && record.status !== 'success';
  return {
    time: new Date(text('timestamp') ?? text('time') ?? 0).toISOString(),
    function: name,
    level: text('level') ?? (isBad ? 'ERROR' : 'INFO'),
    message: text('message') ?? text('type') ?? line,
    requestId: text('function_request_id') ?? text('requestId') ?? record.requestId ?? null,
    fields: {
      ...(isReport && record.status !== undefined && { status: record.status }),
      ...Object.fromEntries(
        Object.entries(json)
          .filter(([key]) => !KNOWN.includes(key) && !NOISE.test(key))
          // Of a line of ours it is the event's type, of one of Lambda's what the message is already.
          .filter(([key]) => key !== 'type' || json['level'] !== undefined),
      ),
    },
  };
}

function parseJson(line: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
