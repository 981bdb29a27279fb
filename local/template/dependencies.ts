/** What must exist before what, as CloudFormation reads it from a template: `DependsOn`, and every reference. */
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Assembly } from './assembly.ts';

type Resources = Assembly['resources'];

/**
 * Logical ids of all resources that these need, without themselves. Whatever else there is may be created later.
 *
 * @throws LocalRunError when resources need each other
 */
export function neededBy(ids: readonly string[], resources: Resources): ReadonlySet<string> {
  const needed = new Set<string>();
  const visit = (id: string, path: readonly string[]) => {
    if (path.includes(id)) {
      throw new LocalRunError(`These resources need each other, and none can be the first: ${path.join(', ')}.`);
    }
    for (const dependency of dependenciesOf(id, resources)) {
      if (needed.has(dependency)) continue;
      visit(dependency, [...path, id]);
      needed.add(dependency);
    }
  };
  for (const id of ids) visit(id, []);
  return needed.difference(new Set(ids));
}

function dependenciesOf(id: string, resources: Resources): readonly string[] {
  const resource = resources[id];
  const names = new Set([resource?.['DependsOn'] ?? []].flat().map(String));
  collectReferences(resource?.Properties, names);
  return [...names].filter((name) => Object.hasOwn(resources, name));
}

function collectReferences(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) for (const entry of value) collectReferences(entry, names);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, entry] of Object.entries(value)) {
    if (key === 'Ref') names.add(String(entry));
    else if (key === 'Fn::GetAtt') names.add(String(Array.isArray(entry) ? entry[0] : entry).split('.', 1)[0] ?? '');
    else if (key === 'Fn::Sub') for (const name of placeholders(entry)) names.add(name);
    else collectReferences(entry, names);
  }
}

/** `${Queue.Arn}` needs `Queue`. */
function placeholders(argument: unknown): string[] {
  const text = String(Array.isArray(argument) ? argument[0] : argument);
  return [...text.matchAll(/\$\{([^!}.]+)/g)].map(([, name = '']) => name);
}
