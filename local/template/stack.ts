/** The resources of a template, resolved and checked: what the local run is to be. */
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Assembly } from './assembly.ts';
import {
  type Endpoints,
  identify,
  isResourceType,
  type PropertiesOf,
  RESOURCES,
  type ResourceType,
} from './catalogue.ts';
import { type Identity, resolve, STACK_ID } from './intrinsics.ts';
import { assertNamesAreFree, type PhysicalName, physicalNamesOf } from './physical-names.ts';
import { exceededQuotas } from './quotas.ts';

/** Of a resource; nothing is updated or deleted here; `DependsOn` is read in dependencies.ts. */
const INERT_ATTRIBUTES = ['DeletionPolicy', 'DependsOn', 'Metadata', 'UpdateReplacePolicy'];

export interface Resource<Type extends ResourceType> {
  readonly id: string;
  readonly ref: string;
  readonly arn: string;
  readonly properties: PropertiesOf<Type>;
}

export interface Stack {
  readonly outputs: Readonly<Record<string, string>>;
  /** What `Ref` and `Fn::GetAtt` give for a logical id. */
  readonly identityOf: (logicalId: string) => Identity | undefined;
  readonly stackId: string;
  readonly physicalNames: readonly PhysicalName[];
  all<Type extends ResourceType>(type: Type): readonly Resource<Type>[];
  /** The same with these resources alone. */
  only(ids: ReadonlySet<string>): Stack;
}

export interface StackOptions {
  /** Of this life of the stack. @default STACK_ID */
  readonly stackId?: string;
  /** Names of what is there already: of other stacks, and retained ones of an earlier life of this one. */
  readonly existing?: readonly PhysicalName[];
}

/**
 * @throws LocalRunError that names every resource type, property or intrinsic that is not known, every quota that is exceeded,
 * or every name that is taken
 */
export function readStack(assembly: Assembly, endpoints: Endpoints, options: StackOptions = {}): Stack {
  const { stackId = STACK_ID, existing = [] } = options;
  const faults: string[] = [];
  const identities = new Map<string, Identity>();
  for (const [id, { Type, Properties: _properties, ...attributes }] of Object.entries(assembly.resources)) {
    for (const name of Object.keys(attributes).filter((attribute) => !INERT_ATTRIBUTES.includes(attribute))) {
      faults.push(`${id} (${Type}) has ${name}, which the local run does not know. Add it to local/template/stack.ts.`);
    }
    if (isResourceType(Type)) identities.set(id, identify(Type, id, nameOf(assembly, id, stackId), endpoints));
    else faults.push(`${id} is a ${Type}, which the local run does not know. Add it to local/template/catalogue.ts.`);
  }
  if (faults.length > 0) throw new LocalRunError(faults.join('\n'));

  const lookup = (id: string) => identities.get(id) ?? onlyStackId(stackId)(id);
  const resolveAt = (value: unknown, place: string) => resolve(value, lookup, place);
  const properties = new Map<string, unknown>();
  for (const [id, { Type, Properties = {} }] of Object.entries(assembly.resources)) {
    if (!isResourceType(Type)) continue;
    const parsed = RESOURCES[Type].safeParse(isInert(Type) ? Properties : resolve(Properties, lookup, id));
    if (parsed.success) properties.set(id, parsed.data);
    else
      faults.push(
        ...parsed.error.issues.map((issue) => `${id} (${Type}) ${[...issue.path, issue.message].join(': ')}`),
      );
  }
  if (faults.length > 0) throw new LocalRunError(faults.join('\n'));

  faults.push(...exceededQuotas(assembly, resolveAt));
  if (faults.length > 0) throw new LocalRunError(faults.join('\n'));
  const physicalNames = physicalNamesOf(assembly, resolveAt);
  assertNamesAreFree(physicalNames, existing);

  const outputs = Object.entries(assembly.outputs).map(([name, value]) => [name, String(resolve(value, lookup, name))]);
  const stackOf = (ids: ReadonlySet<string>): Stack => ({
    outputs: Object.fromEntries(outputs),
    identityOf: lookup,
    ...{ stackId, physicalNames, only: stackOf },
    all: <Type extends ResourceType>(type: Type) =>
      Object.entries(assembly.resources)
        .filter(([id, resource]) => resource.Type === type && ids.has(id))
        .map(([id]) => ({
          id,
          ref: lookup(id)?.ref ?? id,
          arn: lookup(id)?.attributes['Arn'] ?? id,
          properties: properties.get(id) as PropertiesOf<Type>,
        })),
  });
  return stackOf(new Set(Object.keys(assembly.resources)));
}

/** Of a rule that of its bus: rules are known by both. A name may be derived from the stack's id, but not from other resources. */
function nameOf({ resources }: Assembly, id: string, stackId: string): unknown {
  const properties = resources[id]?.Properties ?? {};
  const bus = properties['EventBusName'] as { readonly Ref?: string } | undefined;
  const named = bus?.Ref === undefined ? id : bus.Ref;
  const name = resources[named]?.Properties?.['Name'];
  return name === undefined ? undefined : resolve(name, onlyStackId(stackId), `${named}.Name`);
}

function onlyStackId(stackId: string): (id: string) => Identity | undefined {
  return (id) => (id === 'AWS::StackId' ? { ref: stackId, attributes: {} } : undefined);
}

/** Their properties are not looked into, so that what they refer to need not be known. */
function isInert(type: ResourceType): boolean {
  return /^AWS::(?:IAM::Role|Logs|S3::Bucket$|Lambda::Permission|Events::Archive|EventSchemas|CloudWatch|KMS|SNS)/.test(
    type,
  );
}
