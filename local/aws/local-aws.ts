/**
 * The stack of a cloud assembly, running on this machine: the template says what there is and how it is wired, the bundles
 * are those that would be deployed, and every listener is on loopback.
 */

import type { IncomingMessage } from 'node:http';
import { join, resolve } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { WEBHOOK_RESOURCE_TYPE } from '../../lambda/contract.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import { type Assembly, readAssembly } from '../template/assembly.ts';
import { neededBy } from '../template/dependencies.ts';
import { readStack, type StackOptions } from '../template/stack.ts';
import type { CallInterceptor } from './aws-call.ts';
import { CustomResources } from './custom-resources.ts';
import { clientOptions, startEmulators } from './emulators.ts';
import { type BusEvent, EventBus } from './event-bus.ts';
import { startGateway } from './gateway.ts';
import { listen } from './http-api.ts';
import { Permissions } from './permissions.ts';
import { rotate } from './rotation.ts';
import { startSchedules } from './schedules.ts';
import { SecretsManager } from './secrets-manager.ts';
import { prepareState } from './state-directories.ts';
import { createState, type QueueDepth, readDepths } from './stateful-resources.ts';
import { createFunctions, deliveriesOf, routesOf, startPollers } from './wiring.ts';

export interface LocalAwsOptions extends StackOptions {
  /** `cdk.out` of `cdk synth`. */
  readonly assemblyDir: string;
  /** For objects, logs and events; those of an earlier run are removed. */
  readonly stateDir: string;
  /** Of the HTTP API; 0 takes any that is free. */
  readonly port: number;
  /** Added to every function, over what the template says. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many times sooner a message is tried again than its function asked for. @default 1 */
  readonly haste?: number;
  /** How many processes of a function run at a time. @default 10 */
  readonly maxSandboxes?: number;
  /** Called when the run cannot go on: a function called what nobody wrote for. By default it is thrown. */
  readonly onFatal?: (error: LocalRunError) => void;
}

export interface LocalAws {
  readonly apiUrl: string;
  readonly dynamodbUrl: string;
  readonly s3Url: string;
  /** A copy of every object lies here, under its bucket and key. */
  readonly s3Dir: string;
  readonly logsDir: string;
  /** The stack's outputs. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Of all AWS services, for who says that it is the operator. */
  readonly awsUrl: string;
  /** As CloudFormation would list them. */
  readonly resources: readonly { readonly logicalId: string; readonly type: string; readonly physicalId: string }[];
  /** One event a line, as EventBridge would deliver it. */
  readonly eventsFile: string;
  onEvent(listener: (event: BusEvent) => void): () => void;
  /** What the template sets an environment variable to, in every function that has it, each value once. */
  variables(name: string): readonly string[];
  readonly secrets: SecretsManager;
  /** ARN of the one secret of the template whose logical id contains this. */
  secretId(logicalIdPart: string): string;
  /** What the one function whose logical id contains this answers. @throws LocalRunError when it fails */
  invoke(logicalIdPart: string, event: unknown): Promise<unknown>;
  /** Created and deleted as CloudFormation does; it may be created as soon as what it needs is there. */
  readonly customResources: CustomResources;
  /**
   * Creates what the custom resources do not need. Until then it is not there: CloudFormation keeps no other order, so that what
   * arrives in between must find all that it needs.
   */
  completeStack(): Promise<void>;
  /** @throws LocalRunError when a step failed */
  rotate(secretId: string): Promise<void>;
  /** Invokes what a schedule would. @param ruleIdPart of the rules' logical ids */
  runSchedule(ruleIdPart: string): Promise<void>;
  queueDepths(): Promise<readonly QueueDepth[]>;
  functions(): readonly { readonly logicalId: string; readonly logFile: string; readonly pids: readonly number[] }[];
  killSandboxes(logicalId: string, signal: NodeJS.Signals): void;
  /** Every AWS call of a function passes here; the returned function ends it. */
  intercept(interceptor: CallInterceptor): () => void;
  /** What each function's role may do, and what it was asked for. */
  readonly permissions: Permissions;
  /** Resolves when a copy of every object is on disk. */
  mirrored(): Promise<void>;
  /** Leaves no process and no listener. */
  close(): Promise<void>;
}

/** @throws LocalRunError for a missing assembly, a taken port, or whatever the local run does not know */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const assembly = readAssembly(resolve(options.assemblyDir));
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await start(options, assembly, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: LocalAwsOptions,
  assembly: Assembly,
  closers: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<LocalAws> {
  const api = await listen(options.port);
  closers.push(() => api.close());
  const directories = prepareState(resolve(options.stateDir));
  const emulators = await startEmulators(directories.s3Dir);
  closers.push(() => emulators.close());

  const secrets = new SecretsManager();
  const hiddenFor = new Map<string, number>();
  const gateway = await startGateway({
    allows: (functionId, request) => permissions.allows(functionId, request),
    emulators: { dynamodb: emulators.dynamodbUrl, s3: emulators.s3Url, sqs: emulators.s3Url },
    services: {
      secretsmanager: (input, action) => (action === 'RotateSecret' ? rotateNow(input) : secrets.serve(input, action)),
      events: (input, action) => (action === 'StartReplay' ? bus.replay(input) : bus.serve(input)),
      lambda: (input, _action, request) => invokeNow(request, input),
    },
    onVisibilityChange: (receiptHandle, seconds) => hiddenFor.set(receiptHandle, seconds),
    onFatal:
      options.onFatal ??
      ((error) =>
        queueMicrotask(() => {
          throw error;
        })),
  });
  closers.push(() => gateway.close());

  const stack = readStack(assembly, { apiUrl: api.url, awsUrl: gateway.url }, options);
  const permissions = new Permissions();
  const sqs = new SQSClient(clientOptions(emulators.s3Url));
  closers.push(async () => sqs.destroy());
  const [resource, ...more] = stack.all('AWS::Events::EventBus');
  if (resource === undefined || more.length > 0)
    throw new LocalRunError('The template must have exactly one event bus.');
  const [stage, ...others] = stack.all('AWS::ApiGatewayV2::Stage');
  if (stage === undefined || others.length > 0)
    throw new LocalRunError('The template must have exactly one HTTP API stage.');
  const deliverTo = deliveriesOf(stack, sqs, permissions, directories);
  const bus = new EventBus({ bus: resource, deliverTo, eventsFile: directories.eventsFile });
  closers.push(() => bus.settled());
  const environment = { ...options.environment, AWS_ENDPOINT_URL: gateway.url };
  const functions = createFunctions(stack, assembly, environment, directories, options.maxSandboxes);
  const byArn = new Map([...functions.values()].map((target) => [target.options.arn, target]));
  const functionOf = (arn: string) => byArn.get(arn);
  const isThere = new Set<string>();
  const create = async (ids: ReadonlySet<string>) => {
    const added = stack.only(ids.difference(isThere));
    for (const id of ids) isThere.add(id);
    const created = stack.only(isThere);
    permissions.load(created);
    for (const { id, properties } of added.all('AWS::SecretsManager::Secret')) {
      secrets.generate(id, properties.GenerateSecretString);
    }
    await createState(added, emulators, sqs);
    bus.setRules(created.all('AWS::Events::Rule').filter(({ properties }) => properties.EventPattern !== undefined));
    const mappings = added.all('AWS::Lambda::EventSourceMapping');
    const { haste = 1 } = options;
    const retryDelay = (receiptHandle: string) => {
      const seconds = hiddenFor.get(receiptHandle);
      hiddenFor.delete(receiptHandle);
      return haste === 1 || seconds === undefined ? undefined : Math.ceil(seconds / haste);
    };
    const { traceOf } = emulators;
    await startPollers(stack, mappings, { sqs, functions, permissions, traceOf, retryDelay, closers });
    const accessLogFile = join(directories.logsDir, 'access.log');
    api.open({ stage, routes: routesOf(created, functions), accessLogFile });
  };
  const rotateSecret = (secretId: string) =>
    rotate({ schedules: stack.all('AWS::SecretsManager::RotationSchedule'), secrets, functionOf }, secretId);
  const rotateNow = async (input: Readonly<Record<string, unknown>>) => {
    const secretId = String(input['SecretId']);
    const isUnfinished = secrets.unfinishedRotation(secretId) !== undefined;
    await rotateSecret(secretId);
    if (!isUnfinished) return { status: 200, body: { ARN: secretId } };
    const Message = "A previous rotation isn't complete. That rotation will be reattempted.";
    return { status: 400, body: { __type: 'InvalidRequestException', Message } };
  };
  const invokeNow = async ({ url, headers }: Pick<IncomingMessage, 'url' | 'headers'>, event: unknown) => {
    const name = decodeURIComponent(url?.split('/')[3] ?? '');
    const target = functions.get(name);
    if (target !== undefined && headers['x-amz-invocation-type'] === 'Event') {
      void target.invoke(event);
      return { status: 202, body: {} };
    }
    const result = await target?.invoke(event);
    if (result?.outcome === 'answered') return { status: 200, body: (result.payload ?? {}) as object };
    return { status: 404, body: { Type: 'User', Message: `Function ${name} is not there, or failed.` } };
  };
  const schedules = startSchedules(stack.all('AWS::Events::Rule'), functionOf);
  closers.push(() => schedules.close());
  const all = Object.entries(assembly.resources);
  const custom = all.filter(([, { Type }]) => Type === WEBHOOK_RESOURCE_TYPE).map(([id]) => id);
  await create(neededBy(custom, assembly.resources));

  return {
    ...directories,
    apiUrl: api.url,
    dynamodbUrl: emulators.dynamodbUrl,
    s3Url: emulators.s3Url,
    outputs: stack.outputs,
    awsUrl: gateway.url,
    resources: all.map(([logicalId, { Type }]) => ({
      logicalId,
      type: Type,
      physicalId: stack.identityOf(logicalId)?.ref ?? logicalId,
    })),
    onEvent: (listener) => bus.onEvent(listener),
    variables: (name) => [
      ...new Set([...functions.values()].flatMap(({ options: { environment } }) => environment[name] ?? [])),
    ],
    secrets,
    secretId: (part) => only(stack.all('AWS::SecretsManager::Secret'), part).ref,
    async invoke(part, event) {
      const { id } = only(stack.all('AWS::Lambda::Function'), part);
      const result = await functions.get(id)?.invoke(event);
      if (result?.outcome === 'answered') return result.payload;
      throw new LocalRunError(`${id} failed. See its log in ${directories.logsDir}.`);
    },
    customResources: new CustomResources(stack.stackId, stack.all(WEBHOOK_RESOURCE_TYPE), functionOf),
    completeStack: () => create(new Set(all.map(([id]) => id))),
    rotate: rotateSecret,
    runSchedule: (part) => schedules.run(part),
    queueDepths: () => readDepths(stack, sqs),
    functions: () =>
      [...functions].map(
        ([
          logicalId,
          {
            options: { logFile },
            pids,
          },
        ]) => ({ logicalId, logFile, pids }),
      ),
    killSandboxes: (logicalId, signal) => functions.get(logicalId)?.kill(signal),
    intercept: gateway.intercept,
    permissions,
    mirrored: emulators.mirrored,
    async close() {
      // First of all, because pollers wait for what they invoked.
      await Promise.all([...functions.values()].map((target) => target.close()));
      await close();
    },
  };
}

function only<Entry extends { readonly id: string }>(entries: readonly Entry[], part: string): Entry {
  const [found, ...more] = entries.filter(({ id }) => id.includes(part));
  if (found !== undefined && more.length === 0) return found;
  throw new LocalRunError(`${more.length + (found ? 1 : 0)} resources have ${part} in their logical id; name one.`);
}
