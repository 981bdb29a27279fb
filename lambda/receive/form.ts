/** What a delivery looks like, without what it says: to be logged, or shown to somebody who must not learn it. */

/** `webhook-signature`: `v1,<44 base64>`; an id: `msg_<27 letters and digits>`; anything else by its length alone. */
export function formOfHeader(name: string, value: string): string {
  if (name === 'webhook-signature') return value.split(' ').map(formOfSignature).join(' ');
  return name === 'webhook-id' ? formOfId(value) : formOf(value);
}

function formOfSignature(entry: string): string {
  const comma = entry.indexOf(',');
  const identifier = entry.slice(0, Math.max(0, comma));
  return /^[a-z0-9]{1,8}$/.test(identifier) ? `${identifier},${formOf(entry.slice(comma + 1))}` : formOf(entry);
}

/** With what ids of its kind begin, and no more: `batches/<12 letters and digits>`, `v1_<60 letters and digits>`. */
function formOfId(value: string): string {
  const [, prefix = '', rest = value] = /^([a-z][a-z0-9]{0,7}[_/])(.+)$/.exec(value) ?? [];
  return prefix + formOf(rest);
}

function formOf(text: string): string {
  if (/^\d+$/.test(text)) return `<${text.length} digits>`;
  if (/^[\w-]+$/.test(text)) return `<${text.length} letters and digits>`;
  if (/^[A-Za-z0-9+/]+=*$/.test(text)) return `<${text.length} base64>`;
  return `<${text.length} characters>`;
}

export interface DeliveryForm {
  readonly headers: string;
  /** Names at the top of the body and in its `data`. */
  readonly keys: string;
  readonly dataId: string;
  /** Where the metadata of whoever submitted the job is; empty where there is none. */
  readonly metadataAt: string;
}

const NAME = /^[A-Za-z][\w-]{0,63}$/;
const MAX_NAMES = 60;

/** @param payload what was signed, parsed; of a delivery that was verified */
export function formOfDelivery(
  headers: Readonly<Record<string, string | undefined>>,
  payload: Readonly<Record<string, unknown>>,
): DeliveryForm {
  const data = isRecord(payload['data']) ? payload['data'] : {};
  const id = data['id'];
  const places = { '': payload, 'data.': data };
  return {
    headers: namesOf(headers)
      .map((name) => `${name}: ${formOfHeader(name, headers[name] ?? '')}`)
      .join('; '),
    keys: [...namesOf(payload), ...namesOf(data).map((name) => `data.${name}`)].join(', '),
    dataId: typeof id === 'string' ? formOfId(id) : typeof id,
    metadataAt: Object.entries(places)
      .flatMap(([place, value]) =>
        ['user_metadata', 'userMetadata'].flatMap((name) => (name in value ? place + name : [])),
      )
      .join(', '),
  };
}

function namesOf(value: object): readonly string[] {
  return Object.keys(value)
    .filter((name) => NAME.test(name))
    .slice(0, MAX_NAMES)
    .toSorted();
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
