/** Writes secrets, and moves them through the stages of a rotation. */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { REVOKES_PREVIOUS } from '../contract.ts';
import { ManagementError } from '../shared/errors.ts';
import type { RotatedSecret } from './rotate-secret.ts';

export class SecretStore {
  readonly #client: SecretsManagerClient;

  constructor(client: SecretsManagerClient) {
    this.#client = client;
  }

  /**
   * Becomes AWSCURRENT at once. AWSPENDING comes along: left on the version of the last rotation, it would count as a rotation that
   * is under way, and the next one would go on with a value that is void.
   * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
   *
   * @throws ManagementError `ERR_SECRET_NOT_STORED`
   */
  async put(secretId: string, value: string): Promise<void> {
    const VersionStages = ['AWSCURRENT', 'AWSPENDING'];
    const command = new PutSecretValueCommand({ SecretId: secretId, SecretString: value, VersionStages });
    await guard(secretId, this.#client.send(command));
  }

  /**
   * Becomes AWSCURRENT at once, and nothing of before counts any longer: in one call, so that no verifier sees half of it.
   * A rotation that is under way loses AWSPENDING, and gives up.
   *
   * @throws ManagementError `ERR_SECRET_NOT_STORED`
   */
  async revoke(secretId: string, value: string): Promise<void> {
    const VersionStages = ['AWSCURRENT', 'AWSPENDING', REVOKES_PREVIOUS];
    const command = new PutSecretValueCommand({ SecretId: secretId, SecretString: value, VersionStages });
    await guard(secretId, this.#client.send(command));
  }

  /** When the secret was last rotated, or else made; undefined when it cannot be told. */
  async rotatedAt(secretId: string): Promise<Date | undefined> {
    const described = await guard(secretId, this.#client.send(new DescribeSecretCommand({ SecretId: secretId })));
    return described.LastRotatedDate ?? described.CreatedDate;
  }

  rotated(secretId: string): RotatedSecret {
    return {
      stages: async () => {
        const described = await guard(secretId, this.#client.send(new DescribeSecretCommand({ SecretId: secretId })));
        return described.VersionIdsToStages ?? {};
      },
      read: async (versionId) => {
        const command = new GetSecretValueCommand({ SecretId: secretId, VersionId: versionId });
        try {
          return (await this.#client.send(command)).SecretString;
        } catch (cause) {
          if (cause instanceof ResourceNotFoundException) return undefined;
          throw notStored(secretId, cause);
        }
      },
      putPending: async (versionId, value) => {
        const command = new PutSecretValueCommand({
          SecretId: secretId,
          ClientRequestToken: versionId,
          SecretString: value,
          VersionStages: ['AWSPENDING'],
        });
        await guard(secretId, this.#client.send(command));
      },
      abandon: async (versionId) => {
        const command = new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: 'AWSPENDING',
          RemoveFromVersionId: versionId,
        });
        await guard(secretId, this.#client.send(command));
      },
      makeCurrent: async (versionId, before) => {
        const command = new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: 'AWSCURRENT',
          MoveToVersionId: versionId,
          ...(before && { RemoveFromVersionId: before }),
        });
        await guard(secretId, this.#client.send(command));
      },
    };
  }
}

function guard<Output>(secretId: string, answer: Promise<Output>): Promise<Output> {
  return answer.catch((cause: unknown) => {
    throw notStored(secretId, cause);
  });
}

function notStored(secretId: string, cause: unknown): ManagementError {
  return new ManagementError(
    'ERR_SECRET_NOT_STORED',
    `Secrets Manager did not serve the secret ${secretId}. Look for the reason in the function's log, and try again.`,
    { cause },
  );
}
