/** The resources of a template, resolved and checked: what the local run is to be. */
import { LocalRunError } from '../aws/local-run-error.ts';
import type { Assembly } from './assembly.ts';
import {
  type Endpoints,
  identify,
  isResourceType,
  type PropertiesOf,
  RESOURCES,
  type ResourceType,
} from './catalogue.ts';
import { type Identity, resolve } from './intrinsics.ts';

/** Of a resource; nothing is updated or deleted here, and the order of creation is the local run's own. */
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
  all<Type extends ResourceType>(type: Type): readonly Resource<Type>[];
}

/** @throws LocalRunError that names every resource type, property or intrinsic that is not known */
export function readStack(assembly: Assembly, endpoints: Endpoints): Stack {
  const faults: string[] = [];
  const identities = new Map<string, Identity>();
  for (const [id, { Type, Properties, ...attributes }] of Object.entries(assembly.resources)) {
    for (const name of Object.keys(attributes).filter((attribute) => !INERT_ATTRIBUTES.includes(attribute))) {
      faults.push(`${id} (${Type}) has ${name}, which the local run does not know. Add it to local/template/stack.ts.`);
    }
    if (isResourceType(Type)) identities.set(id, identify(Type, id, nameOf(assembly, id, Properties), endpoints));
    else faults.push(`${id} is a ${Type}, which the local run does not know. Add it to local/template/catalogue.ts.`);
  }
  if (faults.length > 0) throw new LocalRunError(faults.join('\n'));

  const lookup = (id: string) => identities.get(id);
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

  const outputs = Object.entries(assembly.outputs).map(([name, value]) => [name, String(resolve(value, lookup, name))]);
  return {
    outputs: Object.fromEntries(outputs),
    identityOf: lookup,
    all: <Type extends ResourceType>(type: Type) =>
      Object.entries(assembly.resources)
        .filter(([, resource]) => resource.Type === type)
        .map(([id]) => ({
          id,
          ref: lookup(id)?.ref ?? id,
          arn: lookup(id)?.attributes['Arn'] ?? id,
          properties: properties.get(id) as PropertiesOf<Type>,
        })),
  };
}

/** Of a rule that of its bus: rules are known by both. It may be derived from the stack's id, but not from other resources. */
function nameOf({ resources }: Assembly, id: string, properties: Readonly<Record<string, unknown>> = {}): unknown {
  const bus = properties['EventBusName'] as { readonly Ref?: string } | undefined;
  const owner = bus?.Ref ?? id;
  const name = bus?.Ref === undefined ? properties['Name'] : resources[bus.Ref]?.Properties?.['Name'];
  return resolve(name, () => undefined, `${owner}.Name`);
}

/** Their properties are not looked into, so that what they refer to need not be known. */
function isInert(type: ResourceType): boolean {
  return /^AWS::(?:IAM::Role|Logs|S3::Bucket$|Lambda::Permission|Events::Archive|EventSchemas|CloudWatch|KMS|SNS)/.test(
    type,
  );
}
