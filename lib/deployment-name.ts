/** What tells deployments apart in an account: it begins the names of alarms, dashboard and webhooks, and ends that of the metrics' namespace. */
import { Aws, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Of a pipeline that is the stack's own, as in the ready-made stack. */
const ONLY_ID = 'GeminiWebhooks';

/** The stack's name; with the construct's path behind it where a stack may have several. */
export function nameDeployment(pipeline: IConstruct): string {
  const { scopes } = pipeline.node;
  const path = scopes.slice(scopes.indexOf(Stack.of(pipeline)) + 1).map(({ node }) => node.id);
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
