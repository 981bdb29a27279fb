/** What a template's resources need of each other, as CloudFormation reads it: references, attributes and DependsOn. */
type Json = Readonly<Record<string, unknown>>;
interface Resource {
  readonly Type: string;
  readonly DependsOn?: string | readonly string[];
}

export type Resources = Readonly<Record<string, Resource>>;

/** Logical ids that a resource refers to itself. */
export function needsOf(resources: Resources, id: string): Set<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, argument] of Object.entries(value as Json)) {
      // Entries of a list have their index as a key.
      if (key === 'Ref') found.add(String(argument));
      else if (key === 'Fn::GetAtt')
        found.add(String(Array.isArray(argument) ? argument[0] : argument).split('.')[0] ?? '');
      else if (key === 'Fn::Sub') {
        const [text, values] = Array.isArray(argument) ? argument : [argument, {}];
        for (const [, name = ''] of String(text).matchAll(/\$\{([^!}.]+)[^}]*\}/g)) found.add(name);
        visit(values);
      } else visit(argument);
    }
  };
  const { DependsOn = [], ...rest } = resources[id] ?? {};
  visit(rest);
  for (const needed of [DependsOn].flat()) found.add(String(needed));
  return new Set([...found].filter((needed) => needed in resources));
}

/** Everything that exists before the resource does, and is deleted after it. */
export function closureOf(resources: Resources, id: string): Set<string> {
  const found = new Set<string>();
  const visit = (of: string): void => {
    for (const needed of needsOf(resources, of)) {
      if (found.has(needed)) continue;
      found.add(needed);
      visit(needed);
    }
  };
  visit(id);
  return found;
}
