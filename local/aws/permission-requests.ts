/** What a call needs permission for: IAM's action, the resource and the condition keys that the policies may ask for. */
import type { IncomingMessage } from 'node:http';
import { secretArn } from '../template/catalogue.ts';
import { ACCOUNT, REGION } from '../template/intrinsics.ts';
import type { AwsCall } from './aws-call.ts';
import type { PermissionRequest } from './permissions.ts';

/** IAM has one action for several of S3's calls. */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
};
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html */
const CREATES_OBJECT = ['PutObject', 'CompleteMultipartUpload'];

type Input = Readonly<Record<string, unknown>>;

/** @param input the body of a call in the JSON protocol; empty for S3 */
export function permissionsFor(call: AwsCall, request: IncomingMessage, input: Input): readonly PermissionRequest[] {
  const action = `${call.service}:${call.action}`;
  const one = (resource: string, context: PermissionRequest['context'] = {}) => [{ action, resource, context }];
  switch (call.service) {
    case 'dynamodb':
      return tablesOf(input).map((table) => ({
        action,
        resource: arn('dynamodb', `table/${table}`),
        context: leadingKeys(input),
      }));
    case 'secretsmanager':
      return one(secretOf(String(input['SecretId'])));
    case 'sqs':
      return one(arn('sqs', String(input['QueueUrl']).split('/').at(-1) ?? ''));
    case 'events':
      // Without an entry there is no bus to ask about: EventBridge refuses the call as malformed.
      return Array.isArray(input['Entries']) && input['Entries'].length === 0 ? [] : [putEvents(input)];
    case 's3':
      return [s3Request(call, request)];
    case 'lambda': {
      const name = decodeURIComponent(request.url?.split('/')[3] ?? '');
      return [{ action: 'lambda:InvokeFunction', resource: arn('lambda', `function:${name}`), context: {} }];
    }
  }
}

/** A query of an index asks for the index alone. */
function tablesOf(input: Input): string[] {
  const { TableName, IndexName, RequestItems } = input;
  if (typeof RequestItems === 'object' && RequestItems !== null) return Object.keys(RequestItems);
  return [IndexName === undefined ? String(TableName) : `${TableName}/index/${IndexName}`];
}

/** Of a call for one item. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html */
function leadingKeys({ Key, Item }: Input): PermissionRequest['context'] {
  const { id } = (Key ?? Item ?? {}) as { readonly id?: { readonly S?: string } };
  return id?.S === undefined ? {} : { 'dynamodb:LeadingKeys': [id.S] };
}

/** Names and ARNs are both allowed; IAM sees the ARN. */
function secretOf(id: string): string {
  return id.startsWith('arn:') ? id : secretArn(id);
}

function putEvents(input: Input): PermissionRequest {
  const entries = (input['Entries'] ?? []) as readonly Input[];
  const values = (name: string) => [...new Set(entries.map((entry) => String(entry[name])))];
  return {
    action: 'events:PutEvents',
    resource: arn('events', `event-bus/${values('EventBusName').join()}`),
    context: { 'events:source': values('Source'), 'events:detail-type': values('DetailType') },
  };
}

function s3Request({ action }: AwsCall, request: IncomingMessage): PermissionRequest {
  const url = new URL(request.url ?? '', 'http://s3');
  const path = decodeURIComponent(url.pathname);
  if (action === 'ListObjectsV2') return listing(path, url.searchParams.get('prefix') ?? '');
  const condition = request.headers['if-none-match'];
  return {
    action: S3_ACTIONS[action] ?? `s3:${action}`,
    resource: `arn:aws:s3::${path.replace('/', ':')}`,
    context: {
      's3:ObjectCreationOperation': String(CREATES_OBJECT.includes(action)),
      ...(condition !== undefined && { 's3:if-none-match': condition }),
    },
  };
}

/** S3 answers 404 for a missing object only to who may list the bucket, and 403 to anybody else. */
export function listingOf(request: IncomingMessage): PermissionRequest {
  const path = decodeURIComponent((request.url ?? '').split('?', 1)[0] ?? '');
  return listing(path, path.split('/').slice(2).join('/'));
}

function listing(path: string, prefix: string): PermissionRequest {
  const [, bucket = ''] = path.split('/');
  return { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}`, context: { 's3:prefix': prefix } };
}

function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}
