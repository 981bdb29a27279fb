/** What distinguishes deployments in an account: it begins the names of alarms, dashboard and webhooks, and ends that of the metrics' namespace. */
import { Aws, Fn, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Of a pipeline that is the stack's own, as in the ready-made stack. */
const ONLY_ID = 'GeminiWebhooks';

/** The stack's name; with the construct's path behind it where a stack may have several. */
export function nameDeployment(pipeline: IConstruct): string {
  const path = pathOf(pipeline);
  if (path.join() === ONLY_ID) return Aws.STACK_NAME;
  // CloudWatch allows few characters in the name of a dashboard, and a construct's id may have any.
  return [Aws.STACK_NAME, ...path.map((id) => id.replaceAll(/[^\w-]/g, ''))].join('-');
}

/** Of the pipeline that `scope` is a part of. */
export function deploymentNameOf(scope: IConstruct): string {
  for (const owner of scope.node.scopes) {
    if ('deploymentName' in owner && typeof owner.deploymentName === 'string') return owner.deploymentName;
  }
  return Aws.STACK_NAME;
}

/**
 * A name that no other stack has, nor the same one after it was deleted and deployed again: what a stack leaves behind never
 * stands in the way of the next. The end of a stack's id is a UUID.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
 *
 * 52 characters: the name of a delivery source may have 60.
 */
export function uniqueNameOf(scope: IConstruct): string {
  const pipeline = scope.node.scopes.find((owner) => 'deploymentName' in owner);
  // A stack may have several pipelines; the path, which their names would come from, may be as long as it likes.
  const prefix =
    pipeline && pathOf(pipeline).join() !== ONLY_ID ? `gemini-${pipeline.node.addr.slice(-8)}` : 'gemini-webhooks';
  return `${prefix}-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`;
}

/** Ids below the stack. */
function pathOf(pipeline: IConstruct): string[] {
  const { scopes } = pipeline.node;
  return scopes.slice(scopes.indexOf(Stack.of(pipeline)) + 1).map(({ node }) => node.id);
}
