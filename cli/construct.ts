/**
 * Which outputs and resources of a stack are those of a GeminiWebhooks construct, wherever in the stack it is, and however
 * many there are.
 */
import { CliError } from './cli-error.ts';

export interface Resource {
  /** Within the construct, without CloudFormation's hash: `BatchFetcherQueue`. */
  readonly part: string;
  readonly type: string;
  readonly physicalId: string;
}

export interface StackContents {
  readonly stackName: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly { readonly logicalId: string; readonly type: string; readonly physicalId: string }[];
}

export interface ConstructContents {
  /** By the names that lib/outputs.ts gives them. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly Resource[];
}

/** A team's own output may be called like one of ours, but not like all of them. */
const MARKS = ['EventBusArn', 'EventBusName', 'OutputBucketName', 'DeliveriesTableName'] as const;
const HASH = /[0-9A-F]{8}$/;

/**
 * @param wanted as its outputs begin; undefined for the only one
 * @throws CliError when there is none, or more than one to choose from
 */
export function findConstruct(stack: StackContents, wanted?: string): ConstructContents {
  const { stackName, outputs } = stack;
  const [mark] = MARKS;
  const prefixes = Object.keys(outputs)
    .filter((name) => name.endsWith(mark))
    .map((name) => name.slice(0, -mark.length))
    .filter((prefix) => MARKS.every((name) => outputs[prefix + name] !== undefined));
  const names = prefixes.map((prefix) => prefix || stackName).join(', ');
  if (prefixes.length === 0) {
    throw new CliError(
      `The stack ${stackName} has no outputs of a GeminiWebhooks construct. Name another with --stack; if it is the right one, deploy it with this version.`,
      3,
    );
  }
  const chosen = wanted === undefined ? prefixes : prefixes.filter((prefix) => (prefix || stackName) === wanted);
  const [prefix] = chosen;
  if (prefix === undefined) {
    throw new CliError(`The stack ${stackName} has no construct ${wanted}. Give one of ${names} with --construct.`, 2);
  }
  if (chosen.length > 1) {
    throw new CliError(`The stack ${stackName} has several: ${names}. Choose one with --construct.`, 2);
  }
  return {
    outputs: Object.fromEntries(
      Object.entries(outputs)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => [name.slice(prefix.length), value]),
    ),
    resources: resourcesOf(stack, outputs[`${prefix}EventBusName`] ?? ''),
  };
}

/** By its bus, whose name is its output: what the bus's logical id begins with, those of the others begin with, too. */
function resourcesOf({ stackName, resources }: StackContents, busName: string): readonly Resource[] {
  const bus = resources.find(({ type, physicalId }) => type === 'AWS::Events::EventBus' && physicalId === busName);
  const [, path] = /^(.*)EventBus[0-9A-F]{8}$/.exec(bus?.logicalId ?? '') ?? [];
  if (path === undefined) {
    throw new CliError(
      `The stack ${stackName} has no event bus ${busName}, which its outputs name. Deploy it again; its drift (aws cloudformation detect-stack-drift) shows what else is gone.`,
      3,
    );
  }
  return resources
    .filter(({ logicalId }) => logicalId.startsWith(path))
    .map(({ logicalId, type, physicalId }) => ({
      part: logicalId.slice(path.length).replace(HASH, ''),
      type,
      physicalId,
    }));
}
