/** Logs what deliveries look like, each form once in a process: what Gemini sends is documented in part only. */
import { NEW_FORM_LOGGED } from '../contract.ts';
import type { JobEventDetail } from '../events/job-event.ts';
import type { Log } from '../shared/ports.ts';
import type { RawDelivery, VerifiedDelivery } from '../standard-webhooks/delivery.ts';
import { formOfDelivery } from './form.ts';

/** No sender, however genuine, fills the log. */
const MAX_FORMS = 30;

export type NoteForm = (delivery: RawDelivery, verified: VerifiedDelivery, detail: JobEventDetail) => void;

/** For what was verified and parsed; it never throws. */
export function createFormLog(log: Log): NoteForm {
  const seen = new Set<string>();
  return ({ route, headers }, { payload, scheme }, { type }) => {
    if (seen.size >= MAX_FORMS) return;
    const body = Buffer.isBuffer(payload) ? JSON.parse(payload.toString('utf8')) : payload;
    const form = { eventType: type, route: route.kind, scheme, ...formOfDelivery(headers, body) };
    // Lengths differ between deliveries of one form.
    const key = JSON.stringify(form).replaceAll(/<\d+/g, '<');
    if (seen.has(key)) return;
    seen.add(key);
    log.info(NEW_FORM_LOGGED, { ...form });
  };
}
