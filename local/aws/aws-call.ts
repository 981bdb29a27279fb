/** The calls of AWS's APIs that the functions make: named, so that they can be intercepted, and limited to those known. */
import type { IncomingMessage } from 'node:http';

export type Service = 'dynamodb' | 'events' | 'lambda' | 's3' | 'secretsmanager' | 'sqs';

export interface AwsCall {
  readonly service: Service;
  readonly action: string;
  /** Logical id of the function that calls; undefined for anybody else. */
  readonly functionId: string | undefined;
}

/** What becomes of a call: `deny` is a 503, `drop` cuts it off before its effect, `lose-answer` after it. */
type Verdict = 'pass' | 'deny' | 'drop' | 'lose-answer' | { readonly delayMs: number };
export type CallInterceptor = (call: AwsCall) => Verdict;

/** What the functions call, and what the emulators are known to do right. */
const ACTIONS: Readonly<Record<Service, readonly string[]>> = {
  dynamodb: ['BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'],
  events: ['PutEvents'],
  lambda: ['Invoke'],
  s3: [
    'AbortMultipartUpload',
    'CompleteMultipartUpload',
    'CreateMultipartUpload',
    'GetObject',
    'ListObjectsV2',
    'PutObject',
    'UploadPart',
  ],
  secretsmanager: ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'],
  sqs: ['ChangeMessageVisibility', 'SendMessage'],
};

const TARGETS: Readonly<Record<string, Service>> = {
  AWSEvents: 'events',
  AmazonSQS: 'sqs',
  DynamoDB_20120810: 'dynamodb',
  secretsmanager: 'secretsmanager',
};

/** Who is no function, and may do whatever an operator may. */
export const OPERATOR = 'operator';
/** What the command line calls besides. */
const OPERATOR_ACTIONS: Readonly<Partial<Record<Service, readonly string[]>>> = {
  events: ['StartReplay'],
  secretsmanager: ['RotateSecret'],
};

export function identifyCall(request: IncomingMessage): AwsCall {
  const caller = /Credential=([^/,]+)\//.exec(request.headers.authorization ?? '')?.[1];
  const functionId = caller === OPERATOR ? undefined : caller;
  if (/^\/2015-03-31\/functions\/[^/]+\/invocations$/.test(request.url ?? '')) {
    return { service: 'lambda', action: 'Invoke', functionId };
  }
  const target = request.headers['x-amz-target'];
  if (typeof target !== 'string') return { service: 's3', action: s3Action(request), functionId };
  const [prefix = '', action = ''] = target.split('.', 2);
  // What is not known is not S3's, but has no better name.
  return { service: TARGETS[prefix] ?? 's3', action: TARGETS[prefix] ? action : target, functionId };
}

export function isKnown({ service, action, functionId }: AwsCall): boolean {
  if (functionId === undefined && OPERATOR_ACTIONS[service]?.includes(action)) return true;
  return ACTIONS[service].includes(action);
}

/** S3's actions have no name on the wire. */
function s3Action({ method = '', url = '' }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const hasKey = /^\/[^/]+\/./.test(pathname);
  if (!hasKey && method === 'GET' && searchParams.get('list-type') === '2') return 'ListObjectsV2';
  const known: Readonly<Record<string, string>> = {
    'PUT partNumber': 'UploadPart',
    PUT: 'PutObject',
    GET: 'GetObject',
    'POST uploads': 'CreateMultipartUpload',
    'POST uploadId': 'CompleteMultipartUpload',
    'DELETE uploadId': 'AbortMultipartUpload',
  };
  const parameter = ['partNumber', 'uploads', 'uploadId'].find((name) => searchParams.has(name));
  const name = parameter === undefined ? method : `${method} ${parameter}`;
  return (hasKey ? known[name] : undefined) ?? `${method} ${url}`;
}
