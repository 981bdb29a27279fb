/** Secrets with the staging labels of a rotation, and the calls that the functions make. */
import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { REVOKES_PREVIOUS } from '../../lambda/contract.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import { secretArn } from '../template/catalogue.ts';
import type { JsonAnswer } from './gateway.ts';

const stage = z.enum(['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS', REVOKES_PREVIOUS]);
type Stage = z.infer<typeof stage>;

interface Version {
  /** Undefined for one that a rotation has begun. */
  value: string | undefined;
  readonly createdAt: Date;
}

interface Secret {
  readonly name: string;
  readonly createdAt: Date;
  rotatedAt: Date | undefined;
  readonly versions: Map<string, Version>;
  /** Version id by label: each is on one version at a time. */
  readonly stages: Map<Stage, string>;
}

const INPUTS = {
  GetSecretValue: z.strictObject({
    SecretId: z.string(),
    VersionId: z.string().optional(),
    VersionStage: stage.optional(),
  }),
  PutSecretValue: z.strictObject({
    SecretId: z.string(),
    SecretString: z.string().min(1),
    // The SDK makes one up.
    ClientRequestToken: z.string().min(32).max(64),
    VersionStages: z.array(stage).default(['AWSCURRENT']),
  }),
  DescribeSecret: z.strictObject({ SecretId: z.string() }),
  UpdateSecretVersionStage: z.strictObject({
    SecretId: z.string(),
    VersionStage: stage,
    MoveToVersionId: z.string().optional(),
    RemoveFromVersionId: z.string().optional(),
  }),
};
type Action = keyof typeof INPUTS;
type Input<Name extends Action> = z.infer<(typeof INPUTS)[Name]>;

class Refusal extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export class SecretsManager {
  readonly #secrets = new Map<string, Secret>();
  /** Called when a secret has another current value. */
  onRotated: () => void = () => {};

  /** The value that was current becomes the previous one. A secret that is not there is made. */
  put(name: string, value: string): void {
    if (!this.#secrets.has(name)) {
      const createdAt = new Date();
      this.#secrets.set(name, { name, createdAt, rotatedAt: undefined, versions: new Map(), stages: new Map() });
    }
    const version = randomUUID();
    const secret = this.#find(name);
    secret.versions.set(version, { value, createdAt: new Date() });
    this.#label(secret, 'AWSCURRENT', version);
  }

  /** As GenerateSecretString does. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html */
  generate(
    name: string,
    rules: { readonly PasswordLength: number; readonly ExcludePunctuation?: boolean | undefined },
  ): void {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    const alphabet = rules.ExcludePunctuation ? letters : `${letters}!"#$%&'()*+,-./:;<=>?@[]^_{|}~`;
    this.put(name, [...randomBytes(rules.PasswordLength)].map((byte) => alphabet[byte % alphabet.length]).join(''));
  }

  /** What AWSCURRENT is. @throws LocalRunError when there is none */
  current(id: string): string {
    const secret = this.#find(id);
    const value = secret.versions.get(secret.stages.get('AWSCURRENT') ?? '')?.value;
    if (value === undefined) throw new LocalRunError(`The secret ${id} has no current value.`);
    return value;
  }

  /**
   * A version without a value, labelled AWSPENDING, as a rotation begins; or the one of a rotation that was not finished.
   * @returns its id
   */
  beginRotation(id: string): string {
    const secret = this.#find(id);
    const unfinished = this.unfinishedRotation(id);
    if (unfinished !== undefined) return unfinished;
    const version = randomUUID();
    secret.versions.set(version, { value: undefined, createdAt: new Date() });
    secret.stages.set('AWSPENDING', version);
    return version;
  }

  /** The version that has AWSPENDING and is not current: until it loses the label every rotation is that one again. */
  unfinishedRotation(id: string): string | undefined {
    const { stages } = this.#find(id);
    const pending = stages.get('AWSPENDING');
    return pending === stages.get('AWSCURRENT') ? undefined : pending;
  }

  endRotation(id: string): void {
    this.#find(id).rotatedAt = new Date();
  }

  readonly serve = (input: unknown, action: string): JsonAnswer => {
    const name = action as Action;
    const parsed = INPUTS[name].safeParse(input);
    if (!parsed.success) {
      throw new LocalRunError(
        `${action} was called with what local/aws/secrets-manager.ts does not know. Add it there. ${z.prettifyError(parsed.error)}`,
      );
    }
    try {
      return { status: 200, body: this.#answer(name, parsed.data) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: 400, body: { __type: error.type, Message: error.message } };
    }
  };

  #answer(action: Action, input: Input<Action>): object {
    switch (action) {
      case 'GetSecretValue':
        return this.#getValue(input as Input<'GetSecretValue'>);
      case 'PutSecretValue':
        return this.#putValue(input as Input<'PutSecretValue'>);
      case 'DescribeSecret':
        return this.#describe(input as Input<'DescribeSecret'>);
      case 'UpdateSecretVersionStage':
        return this.#moveStage(input as Input<'UpdateSecretVersionStage'>);
    }
  }

  #getValue({ SecretId, VersionId, VersionStage }: Input<'GetSecretValue'>): object {
    const secret = this.#find(SecretId);
    const version = VersionId ?? secret.stages.get(VersionStage ?? 'AWSCURRENT');
    const found = secret.versions.get(version ?? '');
    if (version === undefined || found?.value === undefined) {
      const what = VersionId ? `value for VersionId: ${VersionId}` : `value for staging label: ${VersionStage}`;
      throw new Refusal('ResourceNotFoundException', `Secrets Manager can't find the specified secret ${what}.`);
    }
    return {
      ...identify(secret),
      VersionId: version,
      SecretString: found.value,
      VersionStages: labelsOf(secret, version),
      CreatedDate: found.createdAt.getTime() / 1000,
    };
  }

  #putValue({ SecretId, ClientRequestToken: token, SecretString, VersionStages }: Input<'PutSecretValue'>): object {
    const secret = this.#find(SecretId);
    const there = secret.versions.get(token);
    if (there?.value !== undefined && there.value !== SecretString) {
      throw new Refusal('ResourceExistsException', 'The version has another value already.');
    }
    secret.versions.set(token, { value: SecretString, createdAt: there?.createdAt ?? new Date() });
    for (const label of VersionStages) this.#label(secret, label, token);
    return { ...identify(secret), VersionId: token, VersionStages };
  }

  #describe({ SecretId }: Input<'DescribeSecret'>): object {
    const secret = this.#find(SecretId);
    const labelled = [...secret.versions.keys()].map((version) => [version, labelsOf(secret, version)] as const);
    return {
      ...identify(secret),
      CreatedDate: secret.createdAt.getTime() / 1000,
      ...(secret.rotatedAt && { LastRotatedDate: secret.rotatedAt.getTime() / 1000 }),
      VersionIdsToStages: Object.fromEntries(labelled.filter(([, labels]) => labels.length > 0)),
    };
  }

  #moveStage({ SecretId, VersionStage, ...move }: Input<'UpdateSecretVersionStage'>): object {
    const secret = this.#find(SecretId);
    if (secret.stages.get(VersionStage) !== move.RemoveFromVersionId) {
      throw new Refusal('InvalidParameterException', 'RemoveFromVersionId is not the version that has the label.');
    }
    if (move.MoveToVersionId === undefined) {
      secret.stages.delete(VersionStage);
      return identify(secret);
    }
    if (!secret.versions.has(move.MoveToVersionId)) {
      throw new Refusal('ResourceNotFoundException', "Secrets Manager can't find the specified version.");
    }
    this.#label(secret, VersionStage, move.MoveToVersionId);
    return identify(secret);
  }

  /** AWSPREVIOUS follows AWSCURRENT by itself. */
  #label(secret: Secret, label: Stage, version: string): void {
    const before = secret.stages.get(label);
    if (label === 'AWSCURRENT' && before !== undefined && before !== version) secret.stages.set('AWSPREVIOUS', before);
    secret.stages.set(label, version);
    if (label === 'AWSCURRENT') this.onRotated();
  }

  /** By name or ARN. */
  #find(id: string): Secret {
    const name = id.replace(/^arn:aws:secretsmanager:[^:]*:[^:]*:secret:/, '');
    const secret = this.#secrets.get(name) ?? this.#secrets.get(name.replace(/-[A-Za-z0-9]{6}$/, ''));
    if (secret !== undefined) return secret;
    throw new Refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
}

function labelsOf({ stages }: Secret, version: string): Stage[] {
  return [...stages].filter(([, holder]) => holder === version).map(([label]) => label);
}

function identify({ name }: Secret): object {
  return { ARN: secretArn(name), Name: name };
}
