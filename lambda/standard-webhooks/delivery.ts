/** A delivery before and after its signature holds. */

/** How a delivery may be signed. */
export const SIGNATURE_SCHEMES = ['v1', 'v1a', 'jwt'] as const;
type Scheme = (typeof SIGNATURE_SCHEMES)[number];

/** By which route a delivery came; the route decides which schemes are accepted. */
export type DeliveryRoute =
  | { readonly kind: 'static'; readonly project: string }
  | { readonly kind: 'dynamic'; readonly project: string; readonly token: string };

/** As it came from the wire: nothing in it is believed. */
export interface RawDelivery {
  readonly route: DeliveryRoute;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** A delivery whose signature holds; only this may be parsed, logged or stored. */
export interface VerifiedDelivery {
  /** The Gemini project at whose route it came in and verified. */
  readonly project: string;
  readonly scheme: Scheme;
  /** The delivery's `webhook-id`; for a JWT the SHA-256 of its `jti`, else of the token. */
  readonly webhookId: string;
  /** When the producer made this attempt. */
  readonly attemptedAt: Date;
  /** What was signed: the raw body, or a JWT's claims. */
  readonly payload: Buffer | Readonly<Record<string, unknown>>;
  /** Hex SHA-256 of what was signed. */
  readonly bodySha256: string;
}

/** Gemini's events are small; what they point to is fetched separately. */
export const MAX_BODY_BYTES = 256 * 1024;
