/** What is known of each demo job, from the bus and the bucket. */

import { renderTable } from '../../cli/table.ts';
import { DETAIL_TYPE, JOB_SUBMITTED } from '../../lambda/contract.ts';
import type { BusEvent } from '../aws/event-bus.ts';

export interface Row {
  readonly title: string;
  job?: string;
  event?: string;
  scheme?: string;
  onBusSeconds?: number;
  stored?: string;
  storedSeconds?: number;
  /** Why it will not land. */
  failed?: string;
  submittedAt: number;
}

const HEADER = ['', 'job', 'event', 'verified', 'on the bus', 'stored', 'seconds'];
const LONGEST_ID = 18;

export function cellsOf(row: Row): readonly string[] {
  const mark = row.failed !== undefined ? '✗' : row.stored !== undefined ? '✓' : '…';
  return [
    `${mark} ${row.title}`,
    shorten(row.job ?? ''),
    row.event ?? '',
    row.scheme ?? '',
    row.onBusSeconds === undefined ? '' : `${row.onBusSeconds.toFixed(1)} s`,
    row.failed ?? row.stored ?? '',
    row.storedSeconds?.toFixed(1) ?? '',
  ];
}

export function renderProgress(rows: readonly Row[]): string {
  return renderTable(HEADER, rows.map(cellsOf));
}

function shorten(job: string): string {
  const id = job.replace(/^models\/[^/]+\//, '');
  return id.length > LONGEST_ID ? `${id.slice(0, LONGEST_ID - 1)}…` : id;
}

/** @returns the row that changed; `stored` names the manifest to look at */
export function applyEvent(
  rows: readonly Row[],
  event: BusEvent,
  now: number,
): { row: Row; stored?: string } | undefined {
  const { jobId, scheme, manifestKey, code } = event.detail;
  const row = rows.find(({ job }) => job !== undefined && job === jobId);
  // An event of the application that submitted a job is no news.
  if (row === undefined || event['detail-type'] === JOB_SUBMITTED) return undefined;
  const seconds = (now - row.submittedAt) / 1000;
  switch (event['detail-type']) {
    case DETAIL_TYPE.outputStored:
      return { row, stored: String(manifestKey) };
    case DETAIL_TYPE.outputFailed:
      row.failed = String(code);
      return { row };
    default:
      row.event = event['detail-type'];
      row.scheme = String(scheme);
      row.onBusSeconds ??= seconds;
      return { row };
  }
}
