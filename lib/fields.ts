/**
 * What a value of the configuration may be. It is taken in two forms, that of a CDK app and that of JSON, and its bounds are
 * those of both: `Duration.days(30)` and `{"days": 30}`, `RetentionDays.ONE_MONTH` and `"ONE_MONTH"`.
 */
import { Duration, Size, Token } from 'aws-cdk-lib';
import * as z from 'zod';
import { nearest } from '../lambda/nearest.ts';

/** What docs/configuration.md says about a value. */
export interface FieldNotes {
  /** In JSON. */
  readonly type: string;
  readonly bounds: string;
  /** Where no prop of that name has a comment. */
  readonly what?: string;
}

/** What CloudFormation fills in later cannot be checked here. */
function checked<Value>(schema: z.ZodType<Value>, notes: FieldNotes, isValid: (value: Value) => boolean) {
  return schema
    .refine((value) => Token.isUnresolved(value) || isValid(value), { error: `give ${notes.bounds}`, abort: true })
    .meta({ ...notes });
}

export function text(pattern: RegExp, bounds: string) {
  return checked(z.string({ error: `give ${bounds}` }), { type: 'text', bounds }, (value) => pattern.test(value));
}

export function integer(min: number, max: number, why = '') {
  const bounds = `a whole number from ${min} to ${max}${why}`;
  const isValid = (value: number) => Number.isInteger(value) && value >= min && value <= max;
  return checked(z.number({ error: `give ${bounds}` }), { type: 'number', bounds }, isValid);
}

export function flag() {
  return z.boolean({ error: 'give true or false' }).meta({ type: 'boolean' });
}

/** One of an enum, which JSON calls by the names of its members. */
export function member<const Value extends string | number>(members: Readonly<Record<string, Value>>) {
  const names = Object.keys(members);
  const bounds = `one of ${names.map((name) => `"${name}"`).join(', ')}`;
  const fromJson = (value: unknown) =>
    typeof value === 'string' && Object.hasOwn(members, value) ? members[value] : value;
  const error = ({ input }: { readonly input?: unknown }) => {
    const meant = typeof input === 'string' ? nearest(input, names) : undefined;
    return `${meant ? `did you mean "${meant}"? Otherwise ` : ''}give ${bounds}`;
  };
  return z.preprocess(fromJson, z.literal(Object.values(members), { error }).meta({ type: 'name', bounds }));
}

export function memberOf<const Name extends string>(names: readonly Name[]) {
  return member<Name>(Object.fromEntries(names.map((name) => [name, name])));
}

const DURATIONS = {
  days: Duration.days,
  hours: Duration.hours,
  minutes: Duration.minutes,
  seconds: Duration.seconds,
} as const;
const SIZES = { gibibytes: Size.gibibytes, mebibytes: Size.mebibytes } as const;

/** `{"days": 30}` as what the CDK makes of it; anything else as it is. */
function amount<Value>(units: Readonly<Record<string, (count: number) => Value>>) {
  return (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    const [[unit = '', count] = [], ...others] = Object.entries(value);
    const make = Object.hasOwn(units, unit) ? units[unit] : undefined;
    const isAmount = typeof count === 'number' && count >= 0 && Number.isFinite(count);
    return make === undefined || !isAmount || others.length > 0 ? value : make(count);
  };
}

interface DurationBounds {
  readonly min: Duration;
  readonly max: Duration;
  /** It is a whole number of these. */
  readonly whole: keyof typeof DURATIONS;
  /** 0 switches it off. */
  readonly orZero?: boolean;
  readonly why?: string;
}

export function duration({ min, max, whole, orZero = false, why = '' }: DurationBounds) {
  const unit = DURATIONS[whole](1).toMilliseconds();
  const range = `${min.toHumanString()} to ${max.toHumanString()}, in whole ${whole}`;
  const bounds = `${range}${orZero ? `, or 0 ${whole} to switch it off` : ''}${why}`;
  const error = `give a duration such as {"hours": 12}: ${bounds}`;
  const schema = z.custom<Duration>((value) => value instanceof Duration, { error });
  const isValid = (value: Duration) => {
    if (value.isUnresolved()) return true;
    const given = value.toMilliseconds();
    const isWithin = given >= min.toMilliseconds() && given <= max.toMilliseconds();
    return given % unit === 0 && (isWithin || (orZero && given === 0));
  };
  return z.preprocess(amount(DURATIONS), checked(schema, { type: 'duration', bounds }, isValid));
}

export function size({ min, max, why = '' }: { readonly min: Size; readonly max: Size; readonly why?: string }) {
  const bounds = `${min.toGibibytes()} to ${max.toGibibytes()} GiB${why}`;
  const schema = z.custom<Size>((value) => value instanceof Size, { error: 'give a size such as {"gibibytes": 20}' });
  const isValid = (value: Size) =>
    value.isUnresolved() || (value.toBytes() >= min.toBytes() && value.toBytes() <= max.toBytes());
  return z.preprocess(amount(SIZES), checked(schema, { type: 'size', bounds }, isValid));
}

/** A key that it does not know is refused. */
export function object<Shape extends z.ZodRawShape>(shape: Shape, form?: string) {
  const keys = Object.keys(shape).map((key) => `"${key}"`);
  return z.strictObject(shape, { error: `give ${form ?? `an object with ${keys.join(', ')}`}` });
}

export function list<Item extends z.ZodType>(item: Item, { min, max }: { readonly min: number; readonly max: number }) {
  const bounds = `${min} to ${max} of them`;
  const { bounds: each } = unwrapped(item).inner.meta() ?? {};
  const isValid = ({ length }: readonly unknown[]) => length >= min && length <= max;
  return z
    .array(item, { error: 'give a list' })
    .refine(isValid, { error: `give ${bounds}`, abort: true })
    .meta({ type: 'list', bounds: each === undefined ? bounds : `${bounds}, each ${each}` });
}

/** Without what zod wraps around it for defaults and for the two forms. */
export function unwrapped(schema: z.ZodType): { inner: z.ZodType; isRequired: boolean; defaultValue: unknown } {
  let [inner, isRequired, defaultValue]: [z.ZodType, boolean, unknown] = [schema, true, undefined];
  for (;;) {
    if (inner instanceof z.ZodOptional) isRequired = false;
    else if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      isRequired = false;
      defaultValue = inner.def.defaultValue;
    } else if (inner instanceof z.ZodUnion) {
      // Of false and an object.
      inner = inner.options.at(-1) as z.ZodType;
      continue;
    } else if (!(inner instanceof z.ZodPipe)) return { inner, isRequired, defaultValue };
    if (inner instanceof z.ZodPipe) {
      inner = (inner.def.out instanceof z.ZodTransform ? inner.def.in : inner.def.out) as z.ZodType;
    } else inner = inner.def.innerType as z.ZodType;
  }
}
