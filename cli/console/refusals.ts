/** How many deliveries were refused, and why: from CloudWatch's metrics, or from the metric lines of a local run's log. */
import { type CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { LogLine } from '../logs.ts';

export interface Refusal {
  readonly code: string;
  readonly count: number;
}

/** What is no refusal, and what is one of ours, which is retried, and in the log. */
const OTHERS = new Set([
  ...['accepted', 'duplicate', 'in-progress'],
  ...['ERR_PUBLISH_FAILED', 'ERR_STORE_UNAVAILABLE', 'ERR_KEYS_UNAVAILABLE'],
]);
const PERIOD_SECONDS = 86_400;

/** Of the last 24 hours. */
export async function measuredRefusals(
  client: CloudWatchClient,
  namespace: string,
  now: Date,
): Promise<readonly Refusal[]> {
  const { MetricDataResults = [] } = await client.send(
    new GetMetricDataCommand({
      StartTime: new Date(now.getTime() - PERIOD_SECONDS * 1000),
      EndTime: now,
      MetricDataQueries: [
        {
          Id: 'deliveries',
          Label: `\${PROP('Dim.outcome')}`,
          Expression: `SEARCH('Namespace="${namespace}" MetricName="Deliveries"', 'Sum', ${PERIOD_SECONDS})`,
        },
      ],
    }),
  );
  return summed(
    MetricDataResults.map(({ Label = '', Values = [] }) => ({
      code: Label,
      count: Values.reduce((sum, value) => sum + value, 0),
    })),
  );
}

/** @param lines of the verifier, those of its metrics among them */
export function loggedRefusals(lines: readonly LogLine[]): readonly Refusal[] {
  return summed(
    lines.flatMap(({ fields }) => {
      const [code, count] = [fields['outcome'], fields['Deliveries']];
      return typeof code === 'string' && typeof count === 'number' ? [{ code, count }] : [];
    }),
  );
}

function summed(counts: readonly Refusal[]): readonly Refusal[] {
  const sums = new Map<string, number>();
  for (const { code, count } of counts) {
    if (!OTHERS.has(code) && count > 0) sums.set(code, (sums.get(code) ?? 0) + count);
  }
  return [...sums].map(([code, count]) => ({ code, count })).toSorted((a, b) => b.count - a.count);
}
