/** Deliveries put together from who knows of them: the verifier's log, the records, and in a local run the simulator. */
import type { DeliveryRecord as StoredRecord } from '../../lambda/events/idempotency-records.client.ts';
import type { LogLine } from '../logs.ts';
import type { Answer, DeliveryRow } from './source.ts';

/** Of the idempotency records: the first delivery about an event. */
export type DeliveryRecord = Omit<StoredRecord, 'id' | 'attempts'>;

/** What its sender knows about it. */
export interface SentDelivery {
  readonly id: string;
  readonly type: string;
  readonly job: string | null;
  readonly scheme: string;
  readonly attempts: readonly { readonly at: string; readonly status: number }[];
}

export const HANDLED = ['Delivery handled', 'Delivery not handled'];
export const RECONCILED = 'A job ended without a webhook, and is announced';

/** Newest first. */
export function deliveryRows(
  lines: readonly LogLine[],
  records: readonly DeliveryRecord[],
  sent: readonly SentDelivery[],
): readonly DeliveryRow[] {
  const rows = new Map<string, DeliveryRow & { answers: Answer[] }>();
  const rowOf = (first: Omit<DeliveryRow, 'answers'>) => {
    const key = `${first.scheme}#${first.webhookId}`;
    const row = rows.get(key) ?? { ...first, answers: [] };
    rows.set(key, row);
    return row;
  };
  for (const { time: at, message, fields } of lines) {
    const isFound = message === RECONCILED;
    if (!isFound && !HANDLED.includes(message)) continue;
    const outcome = isFound ? 'accepted' : text(fields['outcome'] ?? fields['code']);
    const scheme = isFound ? 'api' : text(fields['scheme']);
    const webhookId = isFound ? `api#${text(fields['jobId'])}` : text(fields['webhookId']);
    const row = rowOf({
      ...{ receivedAt: at, scheme, webhookId },
      project: text(fields['project']),
      eventType: text(fields['type']),
      jobId: fields['jobId'] ? text(fields['jobId']) : null,
    });
    row.answers.push({ at, status: isFound ? undefined : statusOf(outcome), outcome });
  }
  for (const { status, receivedAt, jobId, ...record } of records) {
    if (record.scheme === 'api' && [...rows.values()].some((row) => row.scheme === 'api' && row.jobId === jobId))
      continue;
    const row = rowOf({ ...record, receivedAt, jobId: jobId === '' ? null : jobId });
    if (row.answers.length > 0) continue;
    const isDone = status === 'COMPLETED';
    row.answers.push({
      at: receivedAt,
      status: isDone && record.scheme !== 'api' ? 200 : undefined,
      outcome: isDone ? 'accepted' : 'in-progress',
    });
  }
  for (const { id, type, job, scheme, attempts } of sent) {
    const [first] = attempts;
    if (first === undefined) continue;
    const row = rowOf({ receivedAt: first.at, project: '', webhookId: id, scheme, eventType: type, jobId: job });
    const unlogged = attempts.filter(
      ({ status }) => status === 0 || (status >= 400 && status !== 409 && status !== 503),
    );
    row.answers.push(...unlogged.map((one) => ({ ...one, outcome: one.status === 0 ? 'no answer' : 'refused' })));
    row.answers.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  }
  return [...rows.values()]
    .filter(({ answers }) => answers.length > 0)
    .toSorted((a, b) => Date.parse(b.receivedAt) - Date.parse(a.receivedAt));
}

/** As the endpoint answers them; undefined for a code that the log has and this table has not. */
function statusOf(outcome: string): number | undefined {
  if (outcome === 'accepted' || outcome === 'duplicate') return 200;
  if (outcome === 'in-progress') return 409;
  if (outcome === 'ERR_BODY_INVALID') return 400;
  return /^ERR_(?:PUBLISH_FAILED|STORE_UNAVAILABLE|KEYS_UNAVAILABLE)$/.test(outcome) ? 503 : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
