/** GetSecretValue, with the staging labels of a rotation. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ACCOUNT, REGION } from '../template/intrinsics.ts';
import type { JsonAnswer } from './gateway.ts';
import { LocalRunError } from './local-run-error.ts';

interface Version {
  readonly id: string;
  readonly value: string;
  readonly createdAt: Date;
  stages: readonly string[];
}

const Input = z.strictObject({ SecretId: z.string(), VersionStage: z.string().default('AWSCURRENT') });

export class SecretsManager {
  readonly #secrets = new Map<string, Version[]>();

  /** The value that was current becomes the previous one. */
  put(name: string, value: string): void {
    const old = this.#secrets.get(name)?.find(({ stages }) => stages.includes('AWSCURRENT'));
    if (old) old.stages = ['AWSPREVIOUS'];
    const current: Version = { id: randomUUID(), value, createdAt: new Date(), stages: ['AWSCURRENT'] };
    this.#secrets.set(name, old ? [current, old] : [current]);
  }

  readonly serve = (input: unknown): JsonAnswer => {
    const parsed = Input.safeParse(input);
    if (!parsed.success) {
      throw new LocalRunError(
        `GetSecretValue was called with what local/aws/secrets-manager.ts does not know. Add it there. ${z.prettifyError(parsed.error)}`,
      );
    }
    const { SecretId, VersionStage } = parsed.data;
    const name = SecretId.replace(/^arn:aws:secretsmanager:[^:]*:[^:]*:secret:/, '');
    const versions = this.#secrets.get(name) ?? this.#secrets.get(name.replace(/-[A-Za-z0-9]{6}$/, ''));
    const version = versions?.find(({ stages }) => stages.includes(VersionStage));
    if (version === undefined) {
      const what = versions ? `value for staging label: ${VersionStage}` : 'secret';
      return {
        status: 400,
        body: { __type: 'ResourceNotFoundException', Message: `Secrets Manager can't find the specified ${what}.` },
      };
    }
    return {
      status: 200,
      body: {
        ARN: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-AbCdEf`,
        Name: name,
        VersionId: version.id,
        SecretString: version.value,
        VersionStages: version.stages,
        CreatedDate: version.createdAt.getTime() / 1000,
      },
    };
  };
}
