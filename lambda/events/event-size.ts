/** What an event may weigh. */

/**
 * Of the detail in UTF-8: what EventBridge and SQS carry, 1 MiB, less what they wrap around it. 256 KiB that were signed
 * can be more when they are written again: `1e20` becomes 21 digits, and user metadata stands in two places.
 */
const MAX_DETAIL_BYTES = 1000 * 1024;

interface Weighty {
  readonly userMetadata: Record<string, unknown>;
  readonly data?: Record<string, unknown>;
}

/** An event must reach the bus; what does not fit there is only a hint, and is left out. */
export function fitted<Detail extends Weighty>(detail: Detail): Detail {
  if (Buffer.byteLength(JSON.stringify(detail)) <= MAX_DETAIL_BYTES) return detail;
  return { ...detail, userMetadata: {}, ...(detail.data !== undefined && { data: {} }) };
}
