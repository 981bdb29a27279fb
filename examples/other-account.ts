/**
 * In another account, which the deployment named as a consumer: a rule on the bus there, with a bus here as its target. The
 * stack has to be in the Region of the webhooks.
 */
import { CfnRule, EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

export function followWebhooks(scope: Construct, webhooksBusArn: string): EventBus {
  const bus = new EventBus(scope, 'GeminiJobs');
  const forwarder = new Role(scope, 'Forwarder', { assumedBy: new ServicePrincipal('events.amazonaws.com') });
  forwarder.addToPolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources: [bus.eventBusArn] }));
  new CfnRule(scope, 'Stored', {
    eventBusName: webhooksBusArn,
    eventPattern: { source: ['gemini.webhooks'], 'detail-type': ['output.stored'] },
    targets: [{ id: 'here', arn: bus.eventBusArn, roleArn: forwarder.roleArn }],
  });
  return bus;
}
