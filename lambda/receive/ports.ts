/** What the verifier needs from the outside besides keys. */
import type { VerifiedDelivery } from '../standard-webhooks/delivery.ts';

/** RS256 JWT, as Google's page documents dynamic webhooks. */
export interface JwtVerifier {
  /** @throws RequestError `ERR_SIGNATURE_MISMATCH`; TransientError `ERR_KEYS_UNAVAILABLE` */
  verify(token: string, now: Date): Promise<Omit<VerifiedDelivery, 'project'>>;
}
