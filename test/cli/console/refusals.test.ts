/** How many deliveries were refused, by reason. */
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it, onTestFinished } from 'vitest';
import { loggedRefusals, measuredRefusals } from '../../../cli/console/refusals.ts';

it('are asked of the metrics of the last day, and what is none is left out', async () => {
  const client = mockClient(CloudWatchClient);
  onTestFinished(() => client.restore());
  client.on(GetMetricDataCommand).resolves({
    MetricDataResults: [
      { Label: 'accepted', Values: [900, 80] },
      { Label: 'ERR_TOKEN_MISMATCH', Values: [2] },
      { Label: 'ERR_SIGNATURE_MISMATCH', Values: [5, 6] },
      { Label: 'ERR_TOKEN_MISMATCH', Values: [1] },
      { Label: 'ERR_PUBLISH_FAILED', Values: [4] },
      { Label: 'ERR_HEADER_MISSING', Values: [] },
    ],
  });

  expect(
    await measuredRefusals(new CloudWatchClient({}), 'GeminiWebhooks/Team', new Date('2026-11-24T14:00:00Z')),
  ).toEqual([
    { code: 'ERR_SIGNATURE_MISMATCH', count: 11 },
    { code: 'ERR_TOKEN_MISMATCH', count: 3 },
  ]);
  expect(client.commandCalls(GetMetricDataCommand)[0]?.args[0].input).toEqual({
    StartTime: new Date('2026-11-23T14:00:00Z'),
    EndTime: new Date('2026-11-24T14:00:00Z'),
    MetricDataQueries: [
      {
        Id: 'deliveries',
        Label: `\${PROP('Dim.outcome')}`,
        Expression: `SEARCH('Namespace="GeminiWebhooks/Team" MetricName="Deliveries"', 'Sum', 86400)`,
      },
    ],
  });
});

it('are counted from the metric lines of a log', () => {
  const line = (fields: Record<string, unknown>) => ({
    ...{ time: '', function: 'verifier', level: 'INFO', message: '', requestId: null },
    fields,
  });

  expect(
    loggedRefusals([
      line({ outcome: 'ERR_TOKEN_MISMATCH', Deliveries: 1 }),
      line({ outcome: 'ERR_TOKEN_MISMATCH', Deliveries: 1 }),
      line({ outcome: 'duplicate', Deliveries: 1 }),
      line({ outcome: 'ERR_TOKEN_MISMATCH' }),
    ]),
  ).toEqual([{ code: 'ERR_TOKEN_MISMATCH', count: 2 }]);
});
