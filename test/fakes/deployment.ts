/** A deployment as it describes itself, with names that say what they are of. */
import type { Deployment } from '../../cli/deployment.ts';
import type {
  DeploymentDescription,
  DescribedFunction,
  DescribedProject,
  DescribedWorker,
} from '../../lambda/deployment-description.ts';

export const queueUrl = (name: string) => `https://sqs.us-east-1.amazonaws.com/1/${name}`;

function described(name: string): DescribedFunction {
  return { name, logGroup: `/logs/${name}` };
}

function worker(name: string): DescribedWorker {
  return {
    ...described(`${name}-function`),
    queueUrl: queueUrl(name),
    deadLettersUrl: queueUrl(`${name}-dead`),
    ruleArn: `arn:aws:events:us-east-1:1:rule/TheBus/${name}`,
  };
}

export function describedProject(name: string): DescribedProject {
  const path = name === 'default' ? '' : `/projects/${name}`;
  return {
    name,
    webhookUrl: `https://api/webhooks/gemini${path}`,
    apiKeySecret: `${name}/api-key`,
    signingSecret: `arn:${name}:signing`,
    dynamicTokenSecret: `arn:${name}:token`,
    registrar: described(`${name}-registrar`),
    rotator: described(`${name}-rotator`),
    healthCheck: described(`${name}-health-check`),
    reconciler: described(`${name}-reconciler`),
  };
}

export const DESCRIPTION: DeploymentDescription = {
  geminiWebhooks: 1,
  name: 'GeminiWebhooks',
  version: '0.1.0',
  eventBusArn: 'arn:aws:events:us-east-1:1:event-bus/TheBus',
  archive: 'TheArchive',
  undeliveredUrl: queueUrl('undelivered'),
  outputBucket: 'outputs',
  idempotencyTable: 'Deliveries',
  ledgerTable: 'JobLedger',
  verifier: described('verifier'),
  recorder: worker('ledger'),
  fetchers: { batch: worker('batch'), interaction: worker('interaction'), video: worker('video') },
  metricNamespace: 'GeminiWebhooks/GeminiWebhooks',
  alarms: ['events-may-be-lost', 'fetch-dead-letters-batch'],
  projects: [describedProject('default')],
};

export function fakeDeployment(
  clients: Partial<Deployment['clients']>,
  description: Partial<DeploymentDescription> = {},
): Deployment {
  return {
    stackName: 'GeminiWebhooks',
    description: { ...DESCRIPTION, ...description },
    ...{ geminiUrl: undefined, stateDir: undefined },
    clients: clients as Deployment['clients'],
  };
}
