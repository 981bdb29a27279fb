/** What a value looks like, without what it says: to be shown to somebody who must not learn it. */

/** @param name of a header. `webhook-signature: v1,<44 base64>` and the like */
export function formOfValue(name: string, value: string): string {
  if (name.toLowerCase() === 'webhook-signature') {
    return value
      .split(' ')
      .map((entry) => {
        const comma = entry.indexOf(',');
        return comma < 0 ? formOf(entry) : `${formOf(entry.slice(0, comma), true)},${formOf(entry.slice(comma + 1))}`;
      })
      .join(' ');
  }
  const [prefix, rest] = /^([a-z]{1,8}_)(.+)$/.exec(value)?.slice(1) ?? [];
  return prefix === undefined || rest === undefined ? formOf(value) : prefix + formOf(rest);
}

/** @param isName whether a short word may be shown: the identifier of a signature is one */
function formOf(text: string, isName = false): string {
  if (isName && /^[a-z0-9]{1,8}$/.test(text)) return text;
  if (/^\d+$/.test(text)) return `<${text.length} digits>`;
  if (/^[\w-]+$/.test(text)) return `<${text.length} letters and digits>`;
  if (/^[A-Za-z0-9+/]+=*$/.test(text)) return `<${text.length} base64>`;
  return `<${text.length} characters>`;
}
