/** Reads secrets by staging label. Whether and how long to keep them is the caller's affair. */
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { REVOKES_PREVIOUS } from '../contract.ts';
import { TransientError } from './errors.ts';

/** Staging labels; AWSPENDING and AWSPREVIOUS exist only around a rotation. */
export type SecretStage = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS';

export interface SecretVersion {
  /** Trimmed: secrets are typed and piped, and a trailing newline is the usual accident. */
  readonly value: string;
  readonly createdAt: Date;
  /** Whether it has `REVOKES_PREVIOUS`. */
  readonly revokesPrevious?: boolean;
}

export class SecretReader {
  readonly #client: SecretsManagerClient;

  constructor(client: SecretsManagerClient) {
    this.#client = client;
  }

  /** Undefined when that stage does not exist. @throws TransientError `ERR_KEYS_UNAVAILABLE` */
  async read(secretId: string, stage: SecretStage): Promise<SecretVersion | undefined> {
    try {
      const output = await this.#client.send(new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage }));
      if (output.SecretString === undefined) return undefined;
      return {
        value: output.SecretString.trim(),
        createdAt: output.CreatedDate ?? new Date(0),
        revokesPrevious: output.VersionStages?.includes(REVOKES_PREVIOUS) ?? false,
      };
    } catch (cause) {
      if (cause instanceof ResourceNotFoundException) return undefined;
      throw new TransientError('ERR_KEYS_UNAVAILABLE', `The secret ${secretId} cannot be read`, { cause });
    }
  }
}
