/** What CloudFormation and the services refuse for its size. */
import type { Assembly } from './assembly.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_RESOURCES = 500;

interface Quota {
  readonly property: string;
  readonly maxCharacters: number;
}

/**
 * - Logs: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
 * - alarm rules: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 * - a role's inline policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * - a bus's policy: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
 */
const QUOTAS: Readonly<Record<string, Quota>> = {
  'AWS::CloudWatch::CompositeAlarm': { property: 'AlarmRule', maxCharacters: 10_240 },
  'AWS::Events::EventBus': { property: 'Policy', maxCharacters: 10_240 },
  'AWS::Logs::LogGroup': { property: 'ResourcePolicyDocument', maxCharacters: 5120 },
  'AWS::Logs::ResourcePolicy': { property: 'PolicyDocument', maxCharacters: 5120 },
};
const INLINE_POLICIES = 10_240;

/** One sentence for each quota that is exceeded. */
export function exceededQuotas(
  { resources }: Pick<Assembly, 'resources'>,
  resolve: (value: unknown, place: string) => unknown,
): readonly string[] {
  const all = Object.entries(resources);
  const faults: string[] = [];
  if (all.length > MAX_RESOURCES) faults.push(`The template has ${all.length} resources; a stack has at most 500.`);
  const ofRoles = new Map<string, number>();
  for (const [id, { Type, Properties = {} }] of all) {
    const { property = '', maxCharacters = Number.POSITIVE_INFINITY } = QUOTAS[Type] ?? {};
    const characters = lengthOf(Properties[property], resolve, id);
    if (characters > maxCharacters) {
      faults.push(
        `${id} (${Type}) has a ${property} of ${characters} characters; at most ${maxCharacters} are allowed.`,
      );
    }
    if (Type !== 'AWS::IAM::Policy') continue;
    for (const role of [Properties['Roles']].flat()) {
      const key = JSON.stringify(role);
      ofRoles.set(key, (ofRoles.get(key) ?? 0) + lengthOf(Properties['PolicyDocument'], resolve, id));
    }
  }
  for (const [role, characters] of ofRoles) {
    if (characters <= INLINE_POLICIES) continue;
    faults.push(`The role ${role} has inline policies of ${characters} characters; at most 10240 are allowed.`);
  }
  return faults;
}

/** White space does not count. */
function lengthOf(value: unknown, resolve: (value: unknown, place: string) => unknown, place: string): number {
  if (value === undefined) return 0;
  const resolved = resolve(value, place);
  return (typeof resolved === 'string' ? resolved : JSON.stringify(resolved)).replaceAll(/\s/g, '').length;
}
