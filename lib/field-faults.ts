/** What is invalid in props or JSON, said to a person: the key, the value and what to do. */
import { Duration, Size } from 'aws-cdk-lib';
import * as z from 'zod';
import { nearest } from '../lambda/nearest.ts';
import { type FieldNotes, unwrapped } from './fields.ts';

/** A fault that no single value has: a whole sentence. */
export function addFault(context: z.RefinementCtx, sentence: string, path: readonly (string | number)[] = []): void {
  context.addIssue({ code: 'custom', message: sentence, path: [...path], params: { isSentence: true } });
}

/** Each with what to do. @param input as it was given */
export function faultsOf(
  { issues }: { readonly issues: readonly z.core.$ZodIssue[] },
  schema: z.ZodType,
  input: unknown,
) {
  const keys = fieldsOf(schema).map(({ key }) => key);
  return issues.flatMap((issue) => faultsOfIssue(issue, keys, input));
}

function faultsOfIssue(issue: z.core.$ZodIssue, keys: readonly string[], input: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    const above = pathText(issue.path).replaceAll(/\[\d+\]/g, '[]');
    return issue.keys.map((key) => `${pathText([...issue.path, key])} is no key; ${meant(key, keys, above)}`);
  }
  if (issue.code === 'invalid_union') {
    const [inner = []] = issue.errors.slice(-1);
    return inner.flatMap((one) => faultsOfIssue({ ...one, path: [...issue.path, ...one.path] }, keys, input));
  }
  if (issue.code === 'custom' && issue.params?.['isSentence'] === true) return [issue.message];
  // As it was written; what a Monitoring holds is found by zod alone.
  const written = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
  const value = written ?? issue.input;
  return [`${pathText(issue.path)} is ${value === undefined ? 'missing' : shown(value)}; ${issue.message}.`];
}

/**
 * What to write in the place of a key that there is not.
 *
 * @param keys that there are
 * @param above what it is a part of
 */
export function meant(key: string, keys: readonly string[], above = ''): string {
  const written = key.toLowerCase();
  const depthOf = (path: string) => path.split('.').length;
  const known = keys
    .map((path) => ({
      path,
      above: path.slice(0, Math.max(0, path.lastIndexOf('.'))),
      last: path.slice(path.lastIndexOf('.') + 1),
    }))
    // The nearest in the tree first: several keys have one name.
    .toSorted((a, b) => Number(b.above === above) - Number(a.above === above) || depthOf(a.path) - depthOf(b.path));
  const like = known
    .filter(({ last }) => last.length > 3 && written.includes(last.toLowerCase()))
    .toSorted((a, b) => b.last.length - a.last.length);
  const near = nearest(
    key,
    known.map(({ last }) => last),
  );
  const guess = known.find(({ last }) => last === key) ?? known.find(({ last }) => last === near) ?? like[0];
  return guess === undefined ? 'remove it; docs/configuration.md lists all keys.' : `did you mean ${guess.path}?`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) =>
      typeof key === 'number' ? `[${key}]` : /^\w+$/.test(String(key)) ? `.${String(key)}` : `["${String(key)}"]`,
    )
    .join('')
    .replace(/^\./, '');
}

function shown(value: unknown): string {
  return value instanceof Duration || value instanceof Size ? String(value) : JSON.stringify(value);
}

export interface Field extends Partial<FieldNotes> {
  /** With those above it: `reconciliation.interval`, `projects[].name`. */
  readonly key: string;
  readonly isRequired: boolean;
  /** As the CDK writes it; undefined when there is none, or it is a matter of words. */
  readonly defaultValue: unknown;
}

/** Every key that there is. */
export function fieldsOf(schema: z.ZodType, prefix = ''): Field[] {
  const { inner, isRequired, defaultValue } = unwrapped(schema);
  const own = prefix === '' ? [] : [{ ...inner.meta(), key: prefix, isRequired, defaultValue }];
  if (inner instanceof z.ZodArray) return [...own, ...fieldsOf(inner.element as z.ZodType, `${prefix}[]`).slice(1)];
  if (inner instanceof z.ZodRecord)
    return [...own, ...fieldsOf(inner.valueType as z.ZodType, `${prefix}.<name>`).slice(1)];
  if (!(inner instanceof z.ZodObject)) return own;
  const below = Object.entries(inner.shape as Record<string, z.ZodType>);
  return [...own, ...below.flatMap(([key, one]) => fieldsOf(one, prefix === '' ? key : `${prefix}.${key}`))];
}
