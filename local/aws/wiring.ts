/** The resources of the template as parts of the run: functions, what the bus delivers to, pollers of queues, routes. */
import { join } from 'node:path';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { LambdaFunction } from '../lambda/lambda-function.ts';
import { append } from '../shared/append.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Assembly } from '../template/assembly.ts';
import { REGION } from '../template/intrinsics.ts';
import type { Resource, Stack } from '../template/stack.ts';
import type { DeliverTo } from './event-bus.ts';
import type { Permissions } from './permissions.ts';
import { type QueuePollerOptions, startQueuePoller } from './queue-poller.ts';
import type { StateDirectories } from './state-directories.ts';

const LogEvent = z.strictObject({ timestamp: z.iso.datetime(), message: z.string() });

/** How the bus reaches the targets of its rules. */
export function deliveriesOf(
  stack: Stack,
  sqs: SQSClient,
  permissions: Permissions,
  { logsDir }: StateDirectories,
): DeliverTo {
  const queues = new Map(stack.all('AWS::SQS::Queue').map(({ arn, ref }) => [arn, ref]));
  // The ARN that CloudFormation gives ends in `:*`; of a target with that EventBridge delivers nothing.
  const logGroups = new Map(stack.all('AWS::Logs::LogGroup').map(({ arn, id }) => [arn.replace(/:\*$/, ''), id]));
  return (arn, ruleArn) => {
    const QueueUrl = queues.get(arn);
    const logGroup = logGroups.get(arn);
    // A log group takes a timestamp and a message, and nothing else.
    if (logGroup !== undefined) {
      const file = join(logsDir, `${logGroup}.log`);
      return async (body) => append(file, `${LogEvent.parse(JSON.parse(body)).message}\n`);
    }
    if (QueueUrl === undefined) return undefined;
    const needed = { action: 'sqs:SendMessage', resource: arn, context: { 'aws:SourceArn': ruleArn } };
    return async (MessageBody, attributes = {}) => {
      if (!(await permissions.allowsService('events.amazonaws.com', needed))) {
        throw new Error(`${ruleArn} is not authorized to send messages to ${arn}`);
      }
      const texts = Object.entries(attributes).map(([name, StringValue]) => [
        name,
        { DataType: 'String', StringValue },
      ]);
      const MessageAttributes = Object.fromEntries(texts);
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
    };
  };
}

export function createFunctions(
  stack: Stack,
  assembly: Assembly,
  environment: Readonly<Record<string, string>>,
  { logsDir }: StateDirectories,
  maxSandboxes: number | undefined,
): ReadonlyMap<string, LambdaFunction> {
  return new Map(
    stack.all('AWS::Lambda::Function').map(({ id, arn, properties }) => [
      id,
      new LambdaFunction({
        functionName: id,
        arn,
        codeDir: assembly.assetDir(properties.Code.S3Key),
        handler: properties.Handler,
        memoryMiB: properties.MemorySize,
        timeoutSeconds: properties.Timeout,
        maxSandboxes,
        logFile: join(logsDir, `${id}.log`),
        environment: {
          ...properties.Environment.Variables,
          AWS_REGION: REGION,
          // By this the gateway knows who calls.
          AWS_ACCESS_KEY_ID: id,
          AWS_SECRET_ACCESS_KEY: 'local',
          ...environment,
        },
      }),
    ]),
  );
}

/** What Lambda's poller calls with the function's role. */
const POLLER_ACTIONS = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

interface PollerParts {
  readonly sqs: SQSClient;
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  readonly permissions: Permissions;
  readonly traceOf: QueuePollerOptions['traceOf'];
  readonly retryDelay: QueuePollerOptions['retryDelay'];
  readonly closers: (() => Promise<unknown>)[];
}

/** @throws LocalRunError when a role may not do for its function what Lambda does */
export async function startPollers(
  stack: Stack,
  mappings: readonly Resource<'AWS::Lambda::EventSourceMapping'>[],
  { sqs: client, functions, permissions, traceOf, retryDelay, closers }: PollerParts,
): Promise<void> {
  const queues = new Map(stack.all('AWS::SQS::Queue').map(({ arn, ref }) => [arn, ref]));
  for (const { id, properties } of mappings) {
    const queueUrl = queues.get(properties.EventSourceArn);
    const target = functions.get(properties.FunctionName);
    if (queueUrl === undefined || target === undefined) {
      throw new LocalRunError(`${id} maps a queue or to a function that the template does not have.`);
    }
    const { BatchSize: batchSize, EventSourceArn: queueArn, ScalingConfig } = properties;
    const maxConcurrency = ScalingConfig.MaximumConcurrency;
    for (const name of POLLER_ACTIONS) {
      const needed = { action: `sqs:${name}`, resource: queueArn, context: {} };
      if (await permissions.allows(properties.FunctionName, needed)) continue;
      throw new LocalRunError(`${id}: the role of ${properties.FunctionName} may not call sqs:${name} on its queue.`);
    }
    const queue = { client, queueUrl, queueArn, batchSize, maxConcurrency };
    const poller = startQueuePoller({ ...queue, target, traceOf, retryDelay });
    closers.push(() => poller.close());
  }
}

/** Targets by route key. */
export function routesOf(stack: Stack, functions: ReadonlyMap<string, LambdaFunction>) {
  const byArn = new Map([...functions.values()].map((target) => [target.options.arn, target]));
  const integrations = new Map(stack.all('AWS::ApiGatewayV2::Integration').map((entry) => [entry.id, entry]));
  return stack.all('AWS::ApiGatewayV2::Route').map(({ id, properties }) => {
    const integration = integrations.get(properties.Target.replace('integrations/', ''));
    const target = byArn.get(integration?.properties.IntegrationUri ?? '');
    if (target === undefined) throw new LocalRunError(`${id} leads to a function that the template does not have.`);
    return { routeKey: properties.RouteKey, target };
  });
}
