/** What may stand in the list of a field of an event pattern: a value, or an operator. */
import { BlockList, isIP } from 'node:net';

export class EventPatternError extends Error {}

/** Tests one value of the event, or asks that there is none anywhere. */
export type Leaf = 'absent' | ((value: unknown) => boolean);
type Test = (value: unknown) => boolean;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param place for the message of an error */
export function compileLeaf(entry: unknown, place: string): Leaf {
  if (!isObject(entry)) return equals(entry, place);
  const [[name, argument] = ['', undefined], ...more] = Object.entries(entry);
  if (more.length > 0) throw new EventPatternError(`${place}: give one operator in each object`);
  if (name === 'exists') {
    if (typeof argument !== 'boolean') throw invalid(place, name);
    return argument ? () => true : 'absent';
  }
  const operator = OPERATORS[name];
  if (operator === undefined) throw new EventPatternError(`${place}: the operator "${name}" is not known`);
  return operator(argument, place);
}

const OPERATORS: Readonly<Record<string, (argument: unknown, place: string) => Test>> = {
  prefix: (argument, place) => affix('prefix', argument, place),
  suffix: (argument, place) => affix('suffix', argument, place),
  'equals-ignore-case': (argument, place) => {
    const text = fold(stringOf(argument, place, 'equals-ignore-case'));
    return onStrings((value) => fold(value) === text);
  },
  wildcard: (argument, place) => wildcard(stringOf(argument, place, 'wildcard'), place),
  cidr: (argument, place) => cidr(stringOf(argument, place, 'cidr'), place),
  numeric,
  'anything-but': anythingBut,
};

function equals(entry: unknown, place: string): Test {
  if (Array.isArray(entry)) throw new EventPatternError(`${place}: a list within a list matches nothing`);
  return (value) => value === entry;
}

function affix(name: 'prefix' | 'suffix', argument: unknown, place: string): Test {
  const ignoresCase = isObject(argument);
  if (ignoresCase && (Object.keys(argument).length !== 1 || !('equals-ignore-case' in argument))) {
    throw invalid(place, name);
  }
  const given = stringOf(ignoresCase ? argument['equals-ignore-case'] : argument, place, name);
  const form = ignoresCase ? fold : (text: string) => text;
  const text = form(given);
  return onStrings((value) => (name === 'prefix' ? form(value).startsWith(text) : form(value).endsWith(text)));
}

/** `*` stands for any characters, `\*` for a star. */
function wildcard(pattern: string, place: string): Test {
  let source = '';
  let afterStar = false;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern.charAt(index);
    if (character === '*') {
      if (afterStar) throw invalid(place, 'wildcard');
      source += '[^]*';
      afterStar = true;
      continue;
    }
    afterStar = false;
    if (character === '\\') {
      index += 1;
      if (!['*', '\\'].includes(pattern.charAt(index))) throw invalid(place, 'wildcard');
    }
    source += pattern.charAt(index).replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  }
  const expression = new RegExp(`^${source}$`);
  return onStrings((value) => expression.test(value));
}

function cidr(range: string, place: string): Test {
  const [address = '', bits = '', ...more] = range.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) {
    throw invalid(place, 'cidr');
  }
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return onStrings((value) => isIP(value) === version && list.check(value, family));
}

const COMPARE: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
};

/** `["=", n]`, one bound, or a lower and then an upper one. */
function numeric(argument: unknown, place: string): Test {
  if (!Array.isArray(argument) || ![2, 4].includes(argument.length)) throw invalid(place, 'numeric');
  const [first, low, second, high] = argument;
  const lower = COMPARE[String(first)];
  const upper = second === undefined ? () => true : COMPARE[String(second)];
  if (!lower || !upper || typeof low !== 'number') throw invalid(place, 'numeric');
  if (argument.length === 2) return (value) => typeof value === 'number' && lower(value, low);
  if (!['>', '>='].includes(first) || !['<', '<='].includes(second) || typeof high !== 'number' || low >= high) {
    throw invalid(place, 'numeric');
  }
  return (value) => typeof value === 'number' && lower(value, low) && upper(value, high);
}

/** True of every value that is there and is none of these. */
function anythingBut(argument: unknown, place: string): Test {
  if (isObject(argument)) {
    const [[name, given] = ['', undefined], ...more] = Object.entries(argument);
    const operator = OPERATORS[name];
    const isText = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name);
    if (more.length > 0 || !isText || operator === undefined) throw invalid(place, 'anything-but');
    const tests = listOf(given, place, 'anything-but').map((entry) => operator(entry, place));
    return (value) => !tests.some((test) => test(value));
  }
  const excluded = listOf(argument, place, 'anything-but');
  const types = new Set(excluded.map((entry) => typeof entry));
  if (types.size > 1 || !excluded.every((entry) => typeof entry === 'string' || typeof entry === 'number')) {
    throw invalid(place, 'anything-but');
  }
  return (value) => !excluded.some((entry) => entry === value);
}

function listOf(argument: unknown, place: string, name: string): unknown[] {
  const list = Array.isArray(argument) ? argument : [argument];
  if (list.length === 0) throw invalid(place, name);
  return list;
}

function onStrings(test: (value: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value);
}

function stringOf(argument: unknown, place: string, name: string): string {
  if (typeof argument !== 'string') throw invalid(place, name);
  return argument;
}

function fold(text: string): string {
  return text.toLowerCase();
}

function invalid(place: string, name: string): EventPatternError {
  return new EventPatternError(`${place}: EventBridge does not take this argument of "${name}"`);
}
