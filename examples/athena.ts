/** Tables over what landed: every manifest, and every line of every batch. Partitions are computed, so nobody adds them. */
import { Stack } from 'aws-cdk-lib';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Construct } from 'constructs';
import type { GeminiWebhooks } from '../lib/index.ts';

const PARTITIONS = [
  { name: 'source', type: 'string' },
  { name: 'date', type: 'string' },
  { name: 'job', type: 'string' },
  { name: 'status', type: 'string' },
];

export function tablesOverBatches(scope: Construct, webhooks: GeminiWebhooks): void {
  const catalogId = Stack.of(scope).account;
  const database = new CfnDatabase(scope, 'Database', { catalogId, databaseInput: { name: 'gemini_webhooks' } });
  const location = `s3://${webhooks.outputBucket.bucketName}/batch/`;
  const serdeInfo = { serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' };
  const table = (name: string, columns: CfnTable.ColumnProperty[]) =>
    new CfnTable(scope, name, {
      catalogId,
      databaseName: database.ref,
      tableInput: {
        name,
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: PARTITIONS,
        parameters: {
          'projection.enabled': 'true',
          'projection.source.type': 'enum',
          'projection.source.values': 'default',
          'projection.date.type': 'date',
          'projection.date.format': 'yyyy-MM-dd',
          'projection.date.range': 'NOW-1YEARS,NOW',
          // A query names its job: there are too many to list.
          'projection.job.type': 'injected',
          'projection.status.type': 'enum',
          'projection.status.values': 'succeeded,failed,cancelled,expired',
          'storage.location.template': `${location}source=\${source}/date=\${date}/job=\${job}/\${status}/`,
        },
        storageDescriptor: {
          columns,
          location,
          serdeInfo,
          inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
        },
      },
    });
  table('batch_responses', [
    { name: 'key', type: 'string' },
    { name: 'response', type: 'string' },
    { name: 'error', type: 'string' },
  ]);
}
