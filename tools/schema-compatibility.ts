/**
 * What of a changed schema breaks a consumer: one who reads a field that is gone or may be missing, or who meets a value of
 * a type, or of an enumeration, that the schema did not have.
 */
type Schema = Readonly<Record<string, unknown>>;

/** Each with its path; none when every consumer of the old schema understands the new one. */
export function breakingChanges(before: Schema, after: Schema, path = '$'): string[] {
  return [
    ...types(before, after, path),
    ...values(before, after, path),
    ...members(before, after, path),
    ...elements(before, after, path),
  ];
}

function types(before: Schema, after: Schema, path: string): string[] {
  if (before['type'] === undefined) return [];
  const known = [before['type']].flat();
  if (after['type'] === undefined) return [`${path} may be anything`];
  return [after['type']]
    .flat()
    .filter((type) => !known.includes(type) && !(type === 'integer' && known.includes('number')))
    .map((type) => `${path} may be ${type}`);
}

function values(before: Schema, after: Schema, path: string): string[] {
  if (!Array.isArray(before['enum'])) return [];
  const known: unknown[] = before['enum'];
  if (!Array.isArray(after['enum'])) return [`${path} may have any value`];
  return after['enum']
    .filter((value) => !known.includes(value))
    .map((value) => `${path} may be ${JSON.stringify(value)}`);
}

function members(before: Schema, after: Schema, path: string): string[] {
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  const [required, stillRequired] = [requiredOf(before), requiredOf(after)];
  return Object.entries(old).flatMap(([name, schema]) => {
    const place = `${path}.${name}`;
    const changed = now[name];
    if (changed === undefined) return [`${place} is gone`];
    const mayMiss = required.includes(name) && !stillRequired.includes(name) ? [`${place} may be missing`] : [];
    return [...mayMiss, ...breakingChanges(schema, changed, place)];
  });
}

function elements(before: Schema, after: Schema, path: string): string[] {
  const [old, now] = [before['items'], after['items']];
  if (!isSchema(old)) return [];
  return isSchema(now) ? breakingChanges(old, now, `${path}[]`) : [`${path}[] may be anything`];
}

function propertiesOf(schema: Schema): Readonly<Record<string, Schema>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
}

function requiredOf(schema: Schema): readonly unknown[] {
  return Array.isArray(schema['required']) ? schema['required'] : [];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
