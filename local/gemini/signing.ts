/**
 * How Gemini signs: `v1` with the secrets of a static webhook, `v1a` with one of its own three keys for every customer's
 * dynamic webhooks. Written from the Standard Webhooks specification alone, so that it can prove a verifier wrong.
 */
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';

export interface Message {
  readonly id: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly body: Buffer;
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
function signedContent({ id, timestamp, body }: Message): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
}

/** One signature per secret, separated by spaces. Secrets are `whsec_` and base64. */
export function signV1(message: Message, secrets: readonly string[]): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
      return `v1,${createHmac('sha256', key).update(signedContent(message)).digest('base64')}`;
    })
    .join(' ');
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function newKey(): SigningKey {
  return { kid: randomUUID(), ...generateKeyPairSync('ed25519') };
}

/** The three keys behind the JWKS. A delivery does not say which of them signed it; they take turns. */
export class SigningKeys {
  readonly #keys: SigningKey[] = [newKey(), newKey(), newKey()];
  #turn = 0;

  signV1a(message: Message): string {
    const key = this.#keys[this.#turn++ % this.#keys.length];
    if (key === undefined) throw new Error('There is no signing key.');
    return `v1a,${sign(null, signedContent(message), key.privateKey).toString('base64')}`;
  }

  /** Replaces the oldest key, and signs with the new one next. */
  rotate(): void {
    this.#keys.shift();
    this.#keys.push(newKey());
    this.#turn = this.#keys.length - 1;
  }

  /** The JWKS document. */
  publicKeys(): { keys: readonly object[] } {
    return {
      keys: this.#keys.map(({ kid, publicKey }) => ({
        ...publicKey.export({ format: 'jwk' }),
        kid,
        use: 'sig',
        alg: 'EdDSA',
      })),
    };
  }
}
