/**
 * Written reasons for cdk-nag findings, kept beside the resource that they concern. A finding is named exactly: one
 * with another resource in it is a new finding, and stops the synthesis.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** @param reasons why the finding is right as it is, by rule or finding id */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) {
    Validations.of(construct).acknowledge({ id, reason });
  }
}

/**
 * Acknowledges the wildcard in one resource of a policy.
 *
 * @param resource the resource as it stands in the statement; it may hold tokens
 */
export function acknowledgeWildcard(construct: IConstruct, resource: string, reason: string): void {
  acknowledge(construct, {
    [`AwsSolutions-IAM5[Resource::${flatten(Stack.of(construct).resolve(resource))}]`]: reason,
  });
}

/** The form in which cdk-nag writes a resource into a finding's id: `<LogicalId.Attribute>/rest`. */
function flatten(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) {
    const [separator, parts] = value['Fn::Join'];
    return parts.map(flatten).join(separator);
  }
  if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) return `<${value['Fn::GetAtt'].join('.')}>`;
  if ('Ref' in value) return `<${value.Ref}>`;
  return JSON.stringify(value);
}
