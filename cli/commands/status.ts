/** `status`: the health of everything at a glance. Fails when anything is not as it should be. */
import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, show } from '../context.ts';
import { readDeliveries } from '../deliveries.ts';
import { resourcesOf } from '../deployment.ts';
import { deadLetterQueues, depthOf, fetcherQueue } from '../queues.ts';

interface Check {
  readonly what: string;
  readonly state: string;
  readonly isGood: boolean;
  /** What to do when it is not good. */
  readonly next?: string;
}

export async function status(context: CommandContext): Promise<void> {
  const checks = [
    ...(await webhooks(context)),
    ...(await alarms(context)),
    ...(await deadLetters(context)),
    ...(await waiting(context)),
    ...(await secrets(context)),
    await traffic(context),
  ];
  show(
    context,
    ['ok', 'what', 'state', 'next'],
    checks.map(({ what, state, isGood, next = '' }) => [isGood ? '✓' : '✗', what, state, isGood ? '' : next]),
    '',
  );
  const bad = checks.filter(({ isGood }) => !isGood).length;
  if (bad > 0) throw new CliError(`${bad} of ${checks.length} are not as they should be.`);
}

/** The health check itself: it asks Gemini, and answers what it found. */
async function webhooks({ deployment }: CommandContext): Promise<Check[]> {
  const functions = resourcesOf(deployment, 'AWS::Lambda::Function', 'HealthCheckFunction');
  return await Promise.all(
    functions.map(async ({ logicalId, physicalId }) => {
      const { Payload } = await deployment.clients.lambda.send(new InvokeCommand({ FunctionName: physicalId }));
      const { source, findings } = JSON.parse(Buffer.from(Payload ?? []).toString('utf8') || '{}') as {
        source?: string;
        findings?: string[];
      };
      const state = findings === undefined ? 'the check failed' : findings.join(', ') || 'enabled, as deployed';
      return {
        what: `webhook at Gemini, ${source ?? logicalId}`,
        state,
        isGood: findings?.length === 0,
        next: 'docs/runbook.md#webhook-unhealthy',
      };
    }),
  );
}

async function alarms({ deployment }: CommandContext): Promise<Check[]> {
  const { stackName, clients } = deployment;
  if (clients.cloudwatch === undefined) return [];
  const { MetricAlarms = [], CompositeAlarms = [] } = await clients.cloudwatch.send(
    new DescribeAlarmsCommand({
      AlarmNamePrefix: `${stackName}-`,
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      StateValue: 'ALARM',
    }),
  );
  const on = [...CompositeAlarms, ...MetricAlarms].map(({ AlarmName = '' }) => AlarmName.slice(stackName.length + 1));
  return [
    { what: 'alarms', state: on.join(', ') || 'none is on', isGood: on.length === 0, next: `docs/runbook.md#${on[0]}` },
  ];
}

async function deadLetters({ deployment }: CommandContext): Promise<Check[]> {
  return await Promise.all(
    deadLetterQueues(deployment).map(async ({ name, url }) => {
      const depth = await depthOf(deployment, url);
      return {
        what: `dead letters, ${name}`,
        state: messages(depth),
        isGood: depth === 0,
        next: `gemini-webhooks redrive ${name}`,
      };
    }),
  );
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

async function waiting({ deployment }: CommandContext): Promise<Check[]> {
  return await Promise.all(
    FETCHED_JOB_TYPES.map(async (jobType) => ({
      what: `jobs to fetch, ${jobType}`,
      state: messages(await depthOf(deployment, fetcherQueue(deployment, jobType))),
      isGood: true,
    })),
  );
}

async function secrets({ deployment, now }: CommandContext): Promise<Check[]> {
  const found = resourcesOf(deployment, 'AWS::SecretsManager::Secret', 'Secrets');
  return await Promise.all(
    found.map(async ({ logicalId, physicalId }) => {
      const described = await deployment.clients.secrets.send(new DescribeSecretCommand({ SecretId: physicalId }));
      const changed = described.LastRotatedDate ?? described.LastChangedDate ?? described.CreatedDate;
      const days = changed === undefined ? undefined : Math.floor((now.getTime() - changed.getTime()) / 86_400_000);
      const due = described.NextRotationDate;
      return {
        what: logicalId.includes('SigningSecret') ? 'signing secret' : 'dynamic token',
        state: days === undefined ? 'age unknown' : `${days} days old`,
        isGood: due === undefined || due.getTime() > now.getTime() - 3 * 86_400_000,
        next: 'docs/runbook.md#rotation-overdue',
      };
    }),
  );
}

async function traffic({ deployment, now }: CommandContext): Promise<Check> {
  const deliveries = await readDeliveries(deployment, now);
  const day = deliveries.filter(({ receivedAt }) => now.getTime() - Date.parse(receivedAt) < 86_400_000);
  const open = day.filter(({ status: state }) => state !== 'COMPLETED').length;
  const last = deliveries[0]?.receivedAt ?? 'never';
  return {
    what: 'deliveries in 24 hours',
    state: `${day.length}, ${open} not completed; the last ${last}`,
    isGood: true,
  };
}
