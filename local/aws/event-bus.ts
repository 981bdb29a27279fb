/** PutEvents with EventBridge's limits, and the rules of the template behind it. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { compilePattern } from '../../client/event-pattern.ts';
import { append } from '../shared/append.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import { ACCOUNT, REGION } from '../template/intrinsics.ts';
import type { Resource } from '../template/stack.ts';
import type { JsonAnswer } from './gateway.ts';

const MAX_ENTRIES = 10;
const MAX_ENTRY_BYTES = 1024 * 1024;

/** As EventBridge delivers it. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
  /** Of an event that comes from a replay. */
  readonly 'replay-name'?: string;
}

/** Takes an event to one target. Rejects when it cannot be delivered. */
export type DeliverTo = (
  targetArn: string,
  ruleArn: string,
) => ((body: string, attributes?: Record<string, string>) => Promise<void>) | undefined;

export interface EventBusOptions {
  readonly bus: Resource<'AWS::Events::EventBus'>;
  /** Undefined for a target that the local run cannot deliver to. */
  readonly deliverTo: DeliverTo;
  /** One accepted event a line. */
  readonly eventsFile: string;
}

const Entry = z.strictObject({
  Source: z.string().min(1).max(256),
  DetailType: z.string().min(1).max(128),
  Detail: z.string(),
  EventBusName: z.string().optional(),
  Time: z.union([z.number(), z.string()]).optional(),
  Resources: z.array(z.string()).optional(),
  TraceHeader: z.string().optional(),
});
/** Times in seconds, as the SDK sends them. */
const Replay = z.looseObject({
  ReplayName: z.string(),
  EventStartTime: z.number(),
  EventEndTime: z.number(),
  Destination: z.looseObject({ FilterArns: z.array(z.string()).optional() }),
});
const Input = z.strictObject({ Entries: z.array(z.unknown()).min(1).max(MAX_ENTRIES) });

interface Target {
  readonly ruleArn: string;
  readonly arn: string;
  readonly deliver: (event: BusEvent) => Promise<void>;
  readonly bury: ((body: string, attributes: Record<string, string>) => Promise<void>) | undefined;
}

export class EventBus {
  readonly #options: EventBusOptions;
  #rules: readonly {
    readonly arn: string;
    readonly matches: (event: unknown) => boolean;
    readonly targets: readonly Target[];
  }[] = [];
  readonly #listeners = new Set<(event: BusEvent) => void>();
  readonly #delivering = new Set<Promise<void>>();

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  /** In the place of those of before. @throws LocalRunError for a target that cannot be delivered to, or a pattern */
  setRules(rules: readonly Resource<'AWS::Events::Rule'>[]): void {
    this.#rules = rules.map((rule) => ({
      arn: rule.arn,
      matches: compileRule(rule),
      targets: rule.properties.Targets.map((target) => toTarget(this.#options.deliverTo, rule, target)),
    }));
  }

  onEvent(listener: (event: BusEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly serve = (input: unknown): JsonAnswer => {
    const parsed = Input.safeParse(input);
    if (!parsed.success) {
      return { status: 400, body: { __type: 'ValidationException', message: z.prettifyError(parsed.error) } };
    }
    const entries = [];
    for (const entry of parsed.data.Entries) entries.push(this.#accept(entry));
    return {
      status: 200,
      body: { FailedEntryCount: entries.filter((entry) => 'ErrorCode' in entry).length, Entries: entries },
    };
  };

  #accept(input: unknown): { EventId: string } | { ErrorCode: string; ErrorMessage: string } {
    const parsed = Entry.safeParse(input);
    if (!parsed.success) return { ErrorCode: 'InvalidArgument', ErrorMessage: z.prettifyError(parsed.error) };
    const entry = parsed.data;
    const { ref, arn } = this.#options.bus;
    if (entry.EventBusName !== ref && entry.EventBusName !== arn) {
      return {
        ErrorCode: 'ResourceNotFoundException',
        ErrorMessage: `Event bus ${entry.EventBusName} does not exist.`,
      };
    }
    if (sizeOf(entry) > MAX_ENTRY_BYTES) {
      return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Total size of the entry exceeds the limit.' };
    }
    const detail = parseDetail(entry.Detail);
    if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    const event: BusEvent = {
      version: '0',
      id: randomUUID(),
      'detail-type': entry.DetailType,
      source: entry.Source,
      account: ACCOUNT,
      time: timeOf(entry.Time),
      region: REGION,
      resources: entry.Resources ?? [],
      detail,
    };
    append(this.#options.eventsFile, `${JSON.stringify(event)}\n`);
    this.#route(event);
    for (const listener of this.#listeners) listener(event);
    return { EventId: event.id };
  }

  /** Of what was accepted between two times, to some of the rules; as one `StartReplay`. */
  readonly replay = (input: unknown): JsonAnswer => {
    const { EventStartTime, EventEndTime, Destination, ReplayName } = Replay.parse(input);
    const names = (Destination.FilterArns ?? []).map((arn) => arn.slice(arn.lastIndexOf('/') + 1));
    const events = readFileSync(this.#options.eventsFile, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as BusEvent);
    const chosen = events.filter(({ time }) => {
      const at = Date.parse(time) / 1000;
      return at >= EventStartTime && at <= EventEndTime;
    });
    for (const event of chosen) this.#route({ ...event, 'replay-name': ReplayName }, names);
    return { status: 200, body: { ReplayArn: ReplayName, State: 'COMPLETED', ReplayStartTime: Date.now() / 1000 } };
  };

  /** Resolves when whatever was accepted has reached its targets, or their dead-letter queues. */
  async settled(): Promise<void> {
    while (this.#delivering.size > 0) await Promise.all(this.#delivering);
  }

  /**
   * Targets are delivered to after the answer: what they refuse is no affair of whoever published the event.
   *
   * @param ruleIds only these; all rules by default
   */
  #route(event: BusEvent, ruleIds: readonly string[] = []): void {
    const targets = this.#rules
      .filter(({ arn }) => ruleIds.length === 0 || ruleIds.some((id) => arn.endsWith(`/${id}`)))
      .filter(({ matches }) => matches(event))
      .flatMap((rule) => rule.targets);
    for (const target of targets) {
      const delivery = deliver(target, event);
      this.#delivering.add(delivery);
      void delivery.finally(() => this.#delivering.delete(delivery));
    }
  }
}

/** Never rejects: an event that its dead-letter queue does not take either is lost, as at EventBridge. */
async function deliver({ arn, ruleArn, deliver: send, bury }: Target, event: BusEvent): Promise<void> {
  try {
    await send(event);
  } catch (error) {
    const ERROR_MESSAGE = error instanceof Error ? error.message : 'unknown';
    const attributes = { ERROR_CODE: 'SDK_CLIENT_ERROR', ERROR_MESSAGE, RULE_ARN: ruleArn, TARGET_ARN: arn };
    await bury?.(JSON.stringify(event), attributes).catch((cause: unknown) => {
      console.error(`An event for ${arn} is lost, since its dead-letter queue does not take it either:`, cause);
    });
  }
}

function compileRule({ id, properties }: Resource<'AWS::Events::Rule'>): (event: unknown) => boolean {
  try {
    return compilePattern(properties.EventPattern ?? {});
  } catch (cause) {
    throw new LocalRunError(`${id}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function toTarget(
  deliverTo: DeliverTo,
  rule: Resource<'AWS::Events::Rule'>,
  target: Resource<'AWS::Events::Rule'>['properties']['Targets'][number],
): Target {
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html: the ARN of a log group, and not of its streams
  if (target.Arn.endsWith(':*')) {
    throw new LocalRunError(
      `${rule.id} has the target ${target.Arn}, to which EventBridge delivers nothing. Leave out the ":*" at its end.`,
    );
  }
  const deliver = deliverTo(target.Arn, rule.arn);
  const bury = target.DeadLetterConfig && deliverTo(target.DeadLetterConfig.Arn, rule.arn);
  if (deliver === undefined) {
    throw new LocalRunError(`${rule.id} has the target ${target.Arn}, which the local run cannot deliver to.`);
  }
  const { InputTransformer: transformer } = target;
  const toBody = (event: BusEvent) => (transformer ? transform(transformer, event) : JSON.stringify(event));
  return { ruleArn: rule.arn, arn: target.Arn, deliver: (event) => deliver(toBody(event)), bury };
}

/**
 * A variable stands for JSON, and within a text for what that text says.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
function transform(
  { InputPathsMap, InputTemplate }: { InputPathsMap: Readonly<Record<string, string>>; InputTemplate: string },
  event: BusEvent,
): string {
  const lookUp = (name: string) =>
    (InputPathsMap[name] ?? '')
      .split('.')
      .slice(1)
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], event);
  return InputTemplate.replaceAll(/"(?:[^"\\]|\\.)*"|<([\w-]+)>/g, (part, name?: string) =>
    name === undefined
      ? part.replaceAll(/<([\w-]+)>/g, (_, inner: string) => JSON.stringify(String(lookUp(inner))).slice(1, -1))
      : JSON.stringify(lookUp(name)),
  );
}

/** As PutEvents counts: the time is 14 bytes. */
function sizeOf({ Source, DetailType, Detail, Resources = [], Time }: z.infer<typeof Entry>): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time === undefined ? 0 : 14);
}

function parseDetail(text: string): Record<string, unknown> | undefined {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Seconds since 1970, as the SDK sends them; whole seconds, as EventBridge delivers them. */
function timeOf(time: number | string | undefined): string {
  const date = time === undefined ? new Date() : new Date(typeof time === 'number' ? time * 1000 : time);
  return `${date.toISOString().slice(0, 19)}Z`;
}
