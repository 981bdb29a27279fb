/** Each function may do what it does, and no more: every action of every role is taken away in turn, and must be missed. */
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LedgerJob, queueName, shardOf } from '../../lambda/ledger/facts.ts';
import { operatorOptions } from '../../local/aws/emulators.ts';
import { deliveryOf, foreignJob, listen, post, startTestRun, type TestRun } from './local-run.ts';

/** Called by Lambda itself with the function's role, or only in production: nothing here could miss them. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'logs:CreateLogStream': 'Lambda writes the logs.',
  'logs:PutLogEvents': 'Lambda writes the logs.',
  'xray:PutTelemetryRecords': 'Lambda sends the traces.',
  'xray:PutTraceSegments': 'Lambda sends the traces.',
  'sqs:ChangeMessageVisibility of the Recorder':
    'Comes with the CDK’s grant for event sources; only the fetchers delay messages.',
  'sqs:GetQueueUrl': 'Comes with the CDK’s grant for event sources, for pollers that know a queue by its name.',
};

let run: TestRun;
let heard: ReturnType<typeof listen>;

beforeAll(async () => {
  run = await startTestRun({}, { reconcile: { graceSeconds: 0, everyMs: 3_600_000 }, webhookProperties: {} });
  heard = listen(run.aws);
  await exercise();
});
afterAll(() => run.close());

async function control(path: string, method: string, body: object): Promise<string> {
  const response = await fetch(`${run.endpoints.simulatorControlUrl}${path}`, { method, body: JSON.stringify(body) });
  return String(((await response.json()) as { name?: string }).name);
}

/** Everything that a function can be made to do: several parts, one that breaks off, a duplicate, a failure, a rotation. */
async function exercise(): Promise<void> {
  await run.rotate('signing-secret');
  await run.rotate('dynamic-token');
  await run.aws.runSchedule('HealthCheck');
  const delivery = deliveryOf(run, { type: 'ping.of.2027' });
  await post(delivery);
  await post(delivery);
  // Three parts of an upload.
  await control('/switches', 'PATCH', { downloadSize: 17 * 1024 * 1024 });
  const jobs = [
    { kind: 'batch', input: 'file' },
    { kind: 'interaction', scenario: 'video-uri' },
    { kind: 'video', count: 1 },
  ];
  for (const job of jobs) {
    await control('/switches', 'PATCH', { truncateDownloads: 1, refuseRanges: true });
    const name = await control('/jobs', 'POST', job);
    await heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name);
  }
  await control('/switches', 'PATCH', { missing: 2 });
  await control('/jobs', 'POST', { kind: 'batch' });
  const lost = await control('/jobs', 'POST', { kind: 'interaction' });
  const unlisted = { schemaVersion: '1', jobType: 'interaction', jobId: lost, submittedAt: new Date().toISOString() };
  const Entries = [{ Source: 'gemini.applications', DetailType: 'job.submitted', Detail: JSON.stringify(unlisted) }];
  await putEvents(Entries.map((entry) => ({ ...entry, EventBusName: run.endpoints.busName })));
  while (
    !heard.events.some(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === lost)
  ) {
    await run.aws.runSchedule('Reconciler');
  }
  await run.aws.runSchedule('Reconciler');
  await makeOverdue({ project: 'default', jobType: 'interaction', jobId: lost });
  await run.aws.runSchedule('Reconciler');
  for (const kind of ['batch', 'interaction', 'video'] as const) {
    await foreignJob(run, kind);
    await heard.until(({ 'detail-type': type, detail }) => type === 'output.failed' && detail['jobType'] === kind);
  }
}

/** As if the ledger had not heard that it is stored, and all the time for which Gemini keeps it were over. */
async function makeOverdue(job: LedgerJob): Promise<void> {
  const client = new DynamoDBClient(operatorOptions(run.aws.awsUrl));
  const { physicalId: TableName } =
    run.endpoints.resources.find(({ physicalId, type }) => /GlobalTable/.test(type) && /JobLedger/.test(physicalId)) ??
    {};
  const Key = { id: { S: `job#default#interaction#${job.jobId}` } };
  for (let queue = ''; !queue.startsWith('stored#'); ) {
    const { Item } = await client.send(new GetItemCommand({ TableName, Key }));
    queue = Item?.['queue']?.S ?? '';
  }
  await client.send(
    new UpdateItemCommand({
      ...{ TableName, Key, UpdateExpression: 'SET queue = :queue, due = :due' },
      ExpressionAttributeValues: {
        ':queue': { S: queueName({ ...job, state: 'unstored' }, shardOf(job)) },
        ':due': { N: '0' },
      },
    }),
  );
  client.destroy();
}

async function putEvents(Entries: PutEventsRequestEntry[]): Promise<void> {
  const client = new EventBridgeClient(operatorOptions(run.aws.awsUrl));
  await client.send(new PutEventsCommand({ Entries }));
  client.destroy();
}

const functionsOf = () => [...run.aws.permissions.policies.keys()];

it('has asked for something in the name of each function', () => {
  expect(functionsOf().filter((id) => run.aws.permissions.requestsOf(id).length === 0)).toEqual([]);
  expect(functionsOf()).toHaveLength(9);
});

it('was denied nothing', async () => {
  for (const id of functionsOf()) {
    for (const request of run.aws.permissions.requestsOf(id)) {
      expect([request, await run.aws.permissions.allows(id, request)]).toEqual([request, true]);
    }
  }
});

/** An explanation may hold for one function only. */
function nameOf(action: string, functionId: string): string {
  const own = `${action} of the ${functionId.includes('Recorder') ? 'Recorder' : 'others'}`;
  return Object.hasOwn(EXPLAINED, own) ? own : action;
}

it('misses every action of every role that is taken away, but for those that are explained', async () => {
  const { permissions } = run.aws;
  const unused: string[] = [];
  for (const [id, policy] of permissions.policies) {
    for (const [index, { Action }] of policy.Statement.entries()) {
      for (const action of Action) {
        const rest = Action.filter((other) => other !== action);
        const Statement = policy.Statement.flatMap((statement, at) => {
          if (at !== index) return [statement];
          return rest.length > 0 ? [{ ...statement, Action: rest }] : [];
        });
        const answers = permissions
          .requestsOf(id)
          .filter((request) => request.action === action)
          .map((request) => permissions.evaluate({ ...policy, Statement }, request));
        if ((await Promise.all(answers)).every(Boolean)) unused.push(nameOf(action, id));
      }
    }
  }

  expect([...new Set(unused)].toSorted()).toEqual(Object.keys(EXPLAINED).toSorted());
});

describe('a role', () => {
  const verifier = () => functionsOf().find((id) => id.includes('Verifier')) ?? '';
  const fetcher = () => functionsOf().find((id) => id.includes('VideoFetcher')) ?? '';
  const bus = () => `arn:aws:events:us-east-1:000000000000:event-bus/${run.endpoints.busName}`;
  const putEvents = (source: string[], detailType: string[]) => ({
    action: 'events:PutEvents',
    resource: bus(),
    context: { 'events:source': source, 'events:detail-type': detailType },
  });
  const object = (key: string) => `arn:aws:s3:::${run.endpoints.bucket}/${key}`;
  const put = (key: string, context = {}) => ({
    action: 's3:PutObject',
    resource: object(key),
    context: { 's3:ObjectCreationOperation': 'true', ...context },
  });

  it('lets the verifier report what Gemini says, and nothing about outputs, in nobody else’s name', async () => {
    const allows = (project: string[], detailType: string[]) =>
      run.aws.permissions.allows(verifier(), putEvents(project, detailType));

    expect(await allows(['gemini.webhooks'], ['batch.succeeded'])).toBe(true);
    expect(await allows(['gemini.webhooks'], ['output.stored'])).toBe(false);
    expect(await allows(['gemini.webhooks'], ['batch.succeeded', 'output.stored'])).toBe(false);
    expect(await allows(['aws.s3'], ['batch.succeeded'])).toBe(false);
    const nameless = { ...putEvents([], []), context: {} };
    expect(await run.aws.permissions.allows(verifier(), nameless)).toBe(false);
  });

  it('lets a fetcher announce outputs, and report no job', async () => {
    const allows = (detailType: string) =>
      run.aws.permissions.allows(fetcher(), putEvents(['gemini.webhooks'], [detailType]));

    expect(await allows('output.failed')).toBe(true);
    expect(await allows('video.generated')).toBe(false);
  });

  it('confines a fetcher to its own prefix, where it compares what is there already', async () => {
    const { permissions } = run.aws;
    const get = (key: string) => ({ action: 's3:GetObject', resource: object(key), context: {} });

    const created = { 's3:if-none-match': '*' };

    expect(await permissions.allows(fetcher(), put('video/project=default/date=x/video-00.mp4', created))).toBe(true);
    expect(await permissions.allows(fetcher(), put('batch/project=default/date=x/responses.jsonl', created))).toBe(
      false,
    );
    expect(await permissions.allows(fetcher(), get('video/project=default/date=x/manifest.json'))).toBe(true);
    expect(await permissions.allows(fetcher(), get('video/project=default/date=x/video-00.mp4'))).toBe(true);
    expect(await permissions.allows(fetcher(), get('batch/project=default/date=x/manifest.json'))).toBe(false);
  });

  it.each(['manifest.json', 'video-00.mp4'])('lets nobody overwrite a %s', async (name) => {
    const { permissions } = run.aws;

    expect(await permissions.allows(fetcher(), put(`video/x/${name}`))).toBe(false);
    expect(await permissions.allows(fetcher(), put(`video/x/${name}`, { 's3:if-none-match': '*' }))).toBe(true);
  });

  it('keeps the API key from the verifier, and the signing secret from the fetchers', async () => {
    const { permissions } = run.aws;
    const may = (id: string, action: string, resource: string) =>
      permissions.allows(id, { action: `secretsmanager:${action}`, resource, context: {} });
    const apiKey = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:gemini-webhooks/api-key-AbCdEf';
    const signingSecret = run.aws.secretId('DefaultSecretsSigningSecret');
    const dynamicToken = run.aws.secretId('DefaultSecretsDynamicToken');
    const registrar = functionsOf().find((id) => id.includes('Registrar')) ?? '';
    const healthCheck = functionsOf().find((id) => id.includes('HealthCheck')) ?? '';

    expect(await may(verifier(), 'GetSecretValue', signingSecret)).toBe(true);
    expect(await may(verifier(), 'PutSecretValue', signingSecret)).toBe(false);
    expect(await may(verifier(), 'GetSecretValue', apiKey)).toBe(false);
    expect(await may(fetcher(), 'GetSecretValue', apiKey)).toBe(true);
    expect(await may(fetcher(), 'GetSecretValue', signingSecret)).toBe(false);
    expect(await may(registrar, 'PutSecretValue', signingSecret)).toBe(true);
    expect(await may(registrar, 'GetSecretValue', signingSecret)).toBe(false);
    expect(await may(healthCheck, 'GetSecretValue', signingSecret)).toBe(true);
    expect(await may(healthCheck, 'GetSecretValue', dynamicToken)).toBe(false);
    expect(await may(healthCheck, 'PutSecretValue', signingSecret)).toBe(false);
  });

  it('is denied whatever does not travel by TLS', async () => {
    const plain = put('video/x/video-00.mp4', { 'aws:SecureTransport': 'false' });

    expect(await run.aws.permissions.allows(fetcher(), plain)).toBe(false);
  });
});
