/** Tables over what is stored: the manifest and every line of every batch. Partitions are computed, so nobody adds them. */
import { Stack } from 'aws-cdk-lib';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Construct } from 'constructs';
import type { GeminiWebhooks } from 'gemini-webhooks-aws';

/** How Athena computes each part of a key. */
const PARTITIONS = {
  project: { type: 'enum', values: 'default' },
  date: { type: 'date', format: 'yyyy-MM-dd', range: 'NOW-1YEARS,NOW' },
  // A query names its job: there are too many to list.
  job: { type: 'injected' },
  status: { type: 'enum', values: 'succeeded,failed,cancelled,expired' },
};

/** Columns of the manifests: Hive's type, and where the value is. */
const MANIFEST = {
  outcome: ['string', '(outcome)'],
  job_id: ['string', '(job id)'],
  job_status: ['string', '(job status)'],
  model: ['string', '(job model)'],
  ended_at: ['string', '(job endedAt)'],
  stored_at: ['string', '(timings finishedAt)'],
  requests: ['bigint', '(counts requests)'],
  failed_requests: ['bigint', '(counts failedRequests)'],
  bytes: ['bigint', '(counts bytes)'],
  error_code: ['string', '(error code)'],
} as const;

export function tablesOverBatches(scope: Construct, webhooks: GeminiWebhooks): void {
  const catalogId = Stack.of(scope).account;
  const database = new CfnDatabase(scope, 'Database', { catalogId, databaseInput: { name: 'gemini_webhooks' } });
  const location = `s3://${webhooks.outputBucket.bucketName}/batch/`;
  const table = (
    name: string,
    keys: (keyof typeof PARTITIONS)[],
    template: string,
    storage: CfnTable.StorageDescriptorProperty,
  ) => {
    const projections = keys.flatMap((key) =>
      Object.entries(PARTITIONS[key]).map(([option, value]) => [`projection.${key}.${option}`, value]),
    );
    new CfnTable(scope, name, {
      catalogId,
      databaseName: database.ref,
      tableInput: {
        name,
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: keys.map((key) => ({ name: key, type: 'string' })),
        parameters: {
          'projection.enabled': 'true',
          ...Object.fromEntries(projections),
          'storage.location.template': location + template,
        },
        storageDescriptor: { location, ...storage },
      },
    });
  };

  const types = Object.entries(MANIFEST).map(([name, [type]]) => ({ name, type }));
  const places = Object.entries(MANIFEST).map(([name, [, place]]) => [`ion.${name}.path_extractor`, place]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of Athena's
  table('batch_manifests', ['project', 'date'], 'project=${project}/date=${date}/', {
    columns: types,
    // Manifests have a line for each field, which of Athena's readers of JSON only this one takes.
    serdeInfo: {
      serializationLibrary: 'com.amazon.ionhiveserde.IonHiveSerDe',
      parameters: Object.fromEntries(places),
    },
    inputFormat: 'com.amazon.ionhiveserde.formats.IonInputFormat',
    outputFormat: 'com.amazon.ionhiveserde.formats.IonOutputFormat',
  });
  // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of Athena's
  const responses = 'project=${project}/date=${date}/job=${job}/${status}/';
  table('batch_responses', ['project', 'date', 'job', 'status'], responses, {
    columns: ['key', 'response', 'error'].map((name) => ({ name, type: 'string' })),
    serdeInfo: {
      serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
      // The lines of the manifest, which is beside the responses.
      parameters: { 'ignore.malformed.json': 'true' },
    },
    inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
    outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
  });
}
