/** What the functions logged about a job: from CloudWatch Logs, or from the files of a local run. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { readEnd } from '../file-end.ts';

export interface LogLine {
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly function: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface LogQuery {
  /** What stands in each line, e.g. the last part of a job's id. */
  readonly text: string;
  readonly since: Date;
  /** Of these functions only, by the names that the reader gives them; undefined for all. */
  readonly functions?: RegExp | undefined;
}

export interface LogReader {
  /** In order of time. */
  read(query: LogQuery): Promise<readonly LogLine[]>;
}

/** Of a long log the end: who has more than that to read looks in the log itself. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_PAGES = 5;

/** @param nameOf a function, by the name of its file without the extension; undefined for a log that is no function's */
export function localLogs(logsDir: string, nameOf: (id: string) => string | undefined): LogReader {
  return {
    async read({ text, since, functions = /./ }) {
      const ids = (await readdir(logsDir)).map((file) => file.replace(/\.log$/, ''));
      const found = ids.map(async (id) => {
        const name = nameOf(id);
        if (name === undefined || !functions.test(name)) return [];
        const lines = await readEnd(join(logsDir, `${id}.log`), MOST_BYTES);
        return lines.filter((line) => line.includes(text)).flatMap((line) => toLine(name, line) ?? []);
      });
      return inOrder((await Promise.all(found)).flat(), since);
    },
  };
}

/** @param groups log groups by the name of their function */
export function cloudWatchLogs(client: CloudWatchLogsClient, groups: ReadonlyMap<string, string>): LogReader {
  return {
    async read({ text, since, functions = /./ }) {
      const chosen = [...groups].filter(([name]) => functions.test(name));
      const found = chosen.map(([name, group]) => readGroup(client, { name, group, text, since }));
      return inOrder((await Promise.all(found)).flat(), since);
    },
  };
}

interface GroupQuery {
  readonly name: string;
  readonly group: string;
  readonly text: string;
  readonly since: Date;
}

async function readGroup(client: CloudWatchLogsClient, { name, group, text, since }: GroupQuery): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  let nextToken: string | undefined;
  // An empty page may have another one behind it.
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await client.send(
      new FilterLogEventsCommand({
        logGroupName: group,
        // A term in quotes; what it may not hold is not in our ids.
        filterPattern: `"${text.replaceAll(/["\\]/g, '')}"`,
        startTime: since.getTime(),
        nextToken,
      }),
    );
    lines.push(...(page.events ?? []).flatMap(({ message = '' }) => toLine(name, message) ?? []));
    nextToken = page.nextToken;
    if (nextToken === undefined) break;
  }
  return lines;
}

function inOrder(lines: readonly LogLine[], since: Date): readonly LogLine[] {
  return lines
    .filter(({ at }) => Date.parse(at) >= since.getTime())
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** What Powertools' logger adds to every line, and nobody looks for in one. */
const COMMON = new Set([
  ...['level', 'message', 'timestamp', 'service', 'sampling_rate', 'xray_trace_id', 'cold_start'],
  ...['function_arn', 'function_memory_size', 'function_name', 'function_request_id'],
]);

/** Undefined for what is no line of the logger: metrics, reports, traces of a crash. */
function toLine(name: string, written: string): LogLine | undefined {
  let line: unknown;
  try {
    line = JSON.parse(written);
  } catch {
    return undefined;
  }
  if (typeof line !== 'object' || line === null || !('level' in line) || !('message' in line)) return undefined;
  const { level, message, timestamp } = line as Record<string, unknown>;
  if (typeof message !== 'string' || typeof timestamp !== 'string') return undefined;
  const fields = Object.fromEntries(Object.entries(line).filter(([field]) => !COMMON.has(field)));
  return { at: timestamp, function: name, level: String(level), message, fields };
}
