/** Where the AWS console shows what a deployment has. */
import type { Deployment } from './deployment.ts';

/** https://console.aws.amazon.com, or its like in another partition. */
const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

export interface ConsoleLinks {
  readonly logs: string;
  readonly objects: string | null;
  readonly record: string;
}

/** Undefined for a local run. @param ledgerId of the job's item. @param manifestKey null when nothing is stored */
export function linksOf(
  { description, stateDir }: Deployment,
  job: { readonly logGroup: string; readonly ledgerId: string; readonly manifestKey: string | null },
): ConsoleLinks | undefined {
  const [, partition = 'aws', , region = ''] = description.eventBusArn.split(':');
  const host = CONSOLES[partition];
  if (stateDir !== undefined || host === undefined) return undefined;
  const at = (service: string, rest: string) => `https://${region}.${host}/${service}?region=${region}${rest}`;
  // The console's own double encoding: `%` of the inner one becomes `$`.
  const logGroup = encodeURIComponent(encodeURIComponent(job.logGroup)).replaceAll('%', '$');
  const folder = job.manifestKey?.slice(0, job.manifestKey.lastIndexOf('/') + 1);
  return {
    logs: at('cloudwatch/home', `#logsV2:log-groups/log-group/${logGroup}`),
    objects:
      folder === undefined
        ? null
        : `https://${region}.${host}/s3/buckets/${description.outputBucket}?prefix=${encodeURIComponent(folder)}`,
    record: at(
      'dynamodbv2/home',
      `#edit-item?table=${encodeURIComponent(description.ledgerTable)}&itemMode=2&pk=${encodeURIComponent(job.ledgerId)}`,
    ),
  };
}
