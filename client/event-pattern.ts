/**
 * Event patterns as EventBridge matches them, checked against the answers of AWS's own matcher. What EventBridge would
 * refuse, and an operator that is not known here, is an error and never "no match".
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
import { compileLeaf, EventPatternError, isObject, type Leaf } from './event-pattern-operators.ts';

export { EventPatternError } from './event-pattern-operators.ts';

/** Values that an event has anywhere at a path; what only holds objects has no leaf there. */
type Leaves = ReadonlySet<string>;
type Matcher = (node: unknown, leaves: Leaves) => boolean;

/** @throws EventPatternError when EventBridge would refuse the pattern, or an operator is unknown */
export function compilePattern(pattern: unknown): (event: unknown) => boolean {
  const matches = compileObject(pattern, []);
  return (event) => {
    const leaves = new Set<string>();
    collectLeaves(event, [], leaves);
    return matches(event, leaves);
  };
}

function compileObject(pattern: unknown, path: readonly string[]): Matcher {
  if (!isObject(pattern)) throw new EventPatternError(`${placeOf(path)}: give an object or a list`);
  const alternatives = expand(pattern).map((alternative) => compileMembers(alternative, path));
  return (node, leaves) => alternatives.some((matches) => matches(node, leaves));
}

type Pattern = Readonly<Record<string, unknown>>;

/** One pattern without `$or` for each way to choose. Where a choice names a field again, the later one replaces it. */
function expand(pattern: Pattern): readonly Pattern[] {
  let alternatives: readonly Pattern[] = [{}];
  for (const [key, value] of Object.entries(pattern)) {
    // A field may be called $or; it is the operator only in this form.
    const isChoice = key === '$or' && Array.isArray(value) && value.length > 1 && value.every(isObject);
    const choices: readonly Pattern[] = isChoice ? value.flatMap(expand) : [{ [key]: value }];
    alternatives = alternatives.flatMap((alternative) => choices.map((choice) => merge(alternative, choice)));
  }
  return alternatives;
}

function merge(earlier: Pattern, later: Pattern): Pattern {
  const merged: Record<string, unknown> = { ...earlier };
  for (const [key, value] of Object.entries(later)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
}

function compileMembers(pattern: Pattern, path: readonly string[]): Matcher {
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw new EventPatternError(`${placeOf(path)}: an empty object matches nothing`);
  const members = entries.map(([key, value]) => compileMember(key, value, [...path, key]));
  // All members of one object must hold for the same element of an array.
  return (node, leaves) => elementsOf(node).some((element) => members.every((matches) => matches(element, leaves)));
}

function compileMember(key: string, value: unknown, path: readonly string[]): Matcher {
  if (!Array.isArray(value)) {
    const matches = compileObject(value, path);
    return (node, leaves) => matches(isObject(node) && Object.hasOwn(node, key) ? node[key] : {}, leaves);
  }
  if (value.length === 0) throw new EventPatternError(`${placeOf(path)}: an empty list matches nothing`);
  return anyOf(
    value.map((entry) => compileLeaf(entry, placeOf(path))),
    key,
    pathKey(path),
  );
}

function anyOf(alternatives: readonly Leaf[], key: string, path: string): Matcher {
  return (node, leaves) => {
    const values = isObject(node) && Object.hasOwn(node, key) ? elementsOf(node[key]).filter((v) => !isObject(v)) : [];
    return alternatives.some((alternative) =>
      alternative === 'absent' ? !leaves.has(path) : values.some((value) => alternative(value)),
    );
  };
}

/** Arrays are transparent, nested ones too. */
function elementsOf(node: unknown): readonly unknown[] {
  return Array.isArray(node) ? node.flatMap(elementsOf) : [node];
}

function collectLeaves(node: unknown, path: readonly string[], leaves: Set<string>): void {
  for (const element of elementsOf(node)) {
    if (!isObject(element)) leaves.add(pathKey(path));
    else for (const [key, value] of Object.entries(element)) collectLeaves(value, [...path, key], leaves);
  }
}

function pathKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

function placeOf(path: readonly string[]): string {
  return path.length === 0 ? 'The pattern' : `"${path.join('.')}" of the pattern`;
}
