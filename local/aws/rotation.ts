/** A rotation as Secrets Manager makes it: a pending version, and the function invoked for each of the four steps. */
import type { LambdaFunction } from '../lambda/lambda-function.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Resource } from '../template/stack.ts';
import type { SecretsManager } from './secrets-manager.ts';

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html */
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

export interface RotationOptions {
  readonly schedules: readonly Resource<'AWS::SecretsManager::RotationSchedule'>[];
  readonly secrets: SecretsManager;
  readonly functionOf: (arn: string) => Pick<LambdaFunction, 'invoke'> | undefined;
}

/** @throws LocalRunError when the secret has no rotation, or a step failed */
export async function rotate({ schedules, secrets, functionOf }: RotationOptions, secretId: string): Promise<void> {
  const schedule = schedules.find(({ properties }) => properties.SecretId === secretId);
  const target = functionOf(schedule?.properties.RotationLambdaARN ?? '');
  if (target === undefined) throw new LocalRunError(`The template does not rotate ${secretId}.`);
  const ClientRequestToken = secrets.beginRotation(secretId);
  for (const Step of STEPS) {
    const { outcome } = await target.invoke({ SecretId: secretId, ClientRequestToken, Step });
    if (outcome !== 'answered') throw new LocalRunError(`${Step} of the rotation of ${secretId} failed. See the log.`);
  }
  secrets.endRotation(secretId);
}
