/**
 * What of a changed schema breaks a consumer: one who reads a field that is gone or may be missing, or who meets a value of
 * a type, a format or a range, or of an enumeration, that the schema did not have.
 */
type Schema = Readonly<Record<string, unknown>>;

/** Each with its path; none when every consumer of the old schema understands the new one. */
export function breakingChanges(before: Schema, after: Schema, path = '$'): string[] {
  const known = alternativesOf(before);
  return alternativesOf(after).flatMap((now) => {
    const comparable = known.filter((old) => isOfType(now, old));
    if (comparable.length === 0) return [`${path} may be ${now['type'] ?? 'anything'}`];
    const [fewest = []] = comparable
      .map((old) => changesWithin(old, now, path))
      .toSorted((one, other) => one.length - other.length);
    return fewest;
  });
}

/** `anyOf`, or a list of types, as what each of them stands for. */
function alternativesOf(schema: Schema): Schema[] {
  const { anyOf, type, ...rest } = schema;
  if (Array.isArray(anyOf)) return anyOf.filter(isSchema).flatMap(alternativesOf);
  return Array.isArray(type) ? type.map((one) => ({ ...rest, type: one })) : [schema];
}

function isOfType({ type: now }: Schema, { type: old }: Schema): boolean {
  return old === undefined || now === old || (now === 'integer' && old === 'number');
}

function changesWithin(before: Schema, after: Schema, path: string): string[] {
  return [
    ...values(before, after, path),
    ...texts(before, after, path),
    ...bounds(before, after, path),
    ...members(before, after, path),
    ...otherMembers(before, after, path),
    ...elements(before, after, path),
  ];
}

function values(before: Schema, after: Schema, path: string): string[] {
  if (!Array.isArray(before['enum'])) return [];
  const known: unknown[] = before['enum'];
  if (!Array.isArray(after['enum'])) return [`${path} may have any value`];
  return after['enum']
    .filter((value) => !known.includes(value))
    .map((value) => `${path} may be ${JSON.stringify(value)}`);
}

function texts(before: Schema, after: Schema, path: string): string[] {
  return ['format', 'pattern', 'not']
    .filter((keyword) => before[keyword] !== undefined)
    .filter((keyword) => JSON.stringify(before[keyword]) !== JSON.stringify(after[keyword]))
    .map((keyword) => `${path} may be without ${keyword} ${JSON.stringify(before[keyword])}`);
}

function bounds(before: Schema, after: Schema, path: string): string[] {
  const [least, most] = [before['minimum'], before['maximum']];
  const [nowLeast = Number.NEGATIVE_INFINITY, nowMost = Number.POSITIVE_INFINITY] = [
    after['minimum'],
    after['maximum'],
  ].map((bound) => (typeof bound === 'number' ? bound : undefined));
  return [
    ...(typeof least === 'number' && nowLeast < least ? [`${path} may be under ${least}`] : []),
    ...(typeof most === 'number' && nowMost > most ? [`${path} may be over ${most}`] : []),
  ];
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

/** Who reads whatever members there are knows of what kind they are. */
function otherMembers(before: Schema, after: Schema, path: string): string[] {
  const [old, now = {}] = [before['additionalProperties'], after['additionalProperties']];
  if (!isSchema(old)) return [];
  const known = propertiesOf(before);
  const added = Object.entries(propertiesOf(after)).filter(([name]) => known[name] === undefined);
  return [
    ...added.flatMap(([name, schema]) => breakingChanges(old, schema, `${path}.${name}`)),
    ...(now === false ? [] : breakingChanges(old, isSchema(now) ? now : {}, `${path}.*`)),
  ];
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
