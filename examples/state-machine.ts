/** A Step Functions workflow for every batch whose outputs are stored. */
import { RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { DefinitionBody, Pass, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { GeminiWebhooks } from 'gemini-webhooks-aws';

export function startWorkflowPerBatch(scope: Construct, webhooks: GeminiWebhooks): void {
  const workflow = new StateMachine(scope, 'EvaluateBatch', {
    definitionBody: DefinitionBody.fromChainable(new Pass(scope, 'Evaluate')),
  });
  webhooks.onOutputStored('BatchStored', {
    eventPattern: { detail: { jobType: ['batch'], status: ['succeeded'] } },
    // The workflow reads the manifest, which names every object.
    target: new SfnStateMachine(workflow, { input: RuleTargetInput.fromEventPath('$.detail') }),
  });
  webhooks.grantReadOutputs(workflow, 'batch');
}
