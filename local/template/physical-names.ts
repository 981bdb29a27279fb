/** Names that a template gives by itself: what has one cannot be created while another has it, retained ones included. */
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Assembly } from './assembly.ts';

/** Types without an entry have names that CloudFormation makes up, or names that need not be unique. */
const NAME_PROPERTIES: Readonly<Record<string, string>> = {
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::CompositeAlarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::Events::Archive': 'ArchiveName',
  'AWS::Events::EventBus': 'Name',
  'AWS::Events::Rule': 'Name',
  'AWS::EventSchemas::Registry': 'RegistryName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::DeliveryDestination': 'Name',
  'AWS::Logs::DeliverySource': 'Name',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::Logs::ResourcePolicy': 'PolicyName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
};

export interface PhysicalName {
  readonly logicalId: string;
  readonly type: string;
  readonly name: string;
  /** Whether it is there still when the stack is gone. */
  readonly isRetained: boolean;
}

export function physicalNamesOf(
  { resources }: Pick<Assembly, 'resources'>,
  resolve: (value: unknown, place: string) => unknown,
): readonly PhysicalName[] {
  return Object.entries(resources).flatMap(([logicalId, { Type, Properties, ...attributes }]) => {
    const property = NAME_PROPERTIES[Type];
    const value = property && Properties?.[property];
    if (value === undefined) return [];
    const isRetained = /^(?:Retain|Snapshot)/.test(String(attributes['DeletionPolicy']));
    return [{ logicalId, type: Type, name: String(resolve(value, `${logicalId}.${property}`)), isRetained }];
  });
}

/** @throws LocalRunError that names every resource whose name is another's already */
export function assertNamesAreFree(names: readonly PhysicalName[], existing: readonly PhysicalName[]): void {
  const keyOf = ({ type, name }: PhysicalName) => `${type} ${name}`;
  const taken = new Set(existing.map(keyOf));
  const faults: string[] = [];
  for (const one of names) {
    if (taken.has(keyOf(one))) faults.push(`${one.logicalId}: the ${one.type} ${one.name} exists already.`);
    taken.add(keyOf(one));
  }
  if (faults.length > 0) throw new LocalRunError(faults.join('\n'));
}
