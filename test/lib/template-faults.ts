/** Checks a template against AWS's own description of its resource types, as far down as that goes. */
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { Property, PropertyType } from '@aws-cdk/service-spec-types';

const spec = loadAwsServiceSpecSync();

type Members = Record<string, unknown>;

/** Types, property names, required properties and value types that are invalid, each with where. */
export function templateFaults(template: { readonly Resources: Members }): string[] {
  return Object.entries(template.Resources).flatMap(([id, resource]) => {
    const { Type, Properties = {} } = resource as { Type: string; Properties?: Members };
    // Of the project's own making: its function checks what it is given.
    if (Type.startsWith('Custom::')) return [];
    const [described] = spec.lookup('resource', 'cloudFormationType', 'equals', Type);
    return described ? memberFaults(id, described.properties, Properties) : [`${id}: ${Type} does not exist`];
  });
}

function memberFaults(path: string, described: Record<string, Property>, value: unknown): string[] {
  if (!isObject(value)) return [`${path}: is no object`];
  const missing = Object.entries(described)
    .filter(([name, { required }]) => required && value[name] === undefined)
    .map(([name]) => `${path}.${name}: is missing`);
  const wrong = Object.entries(value).flatMap(([name, member]) => {
    const property = described[name];
    return property ? typeFaults(`${path}.${name}`, property.type, member) : [`${path}.${name}: does not exist`];
  });
  return [...missing, ...wrong];
}

function typeFaults(path: string, type: PropertyType, value: unknown): string[] {
  if (isIntrinsic(value)) return [];
  switch (type.type) {
    case 'string':
      return typeof value === 'string' ? [] : [`${path}: is no string`];
    case 'number':
    case 'integer':
      return typeof value === 'number' ? [] : [`${path}: is no number`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: is no boolean`];
    case 'array':
      return Array.isArray(value)
        ? value.flatMap((element, index) => typeFaults(`${path}[${index}]`, type.element, element))
        : [`${path}: is no array`];
    case 'map':
      return isObject(value)
        ? Object.entries(value).flatMap(([key, element]) => typeFaults(`${path}.${key}`, type.element, element))
        : [`${path}: is no object`];
    case 'ref':
      return memberFaults(path, spec.get('typeDefinition', type.reference.$ref).properties, value);
    case 'union': {
      const faults = type.types.map((alternative) => typeFaults(path, alternative, value));
      return faults.some((alternative) => alternative.length === 0) ? [] : (faults[0] ?? []);
    }
    case 'json':
    case 'tag':
    case 'date-time':
    case 'null':
      return [];
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIntrinsic(value: unknown): boolean {
  const [name, ...others] = isObject(value) ? Object.keys(value) : [];
  return others.length === 0 && name !== undefined && (name === 'Ref' || name.startsWith('Fn::'));
}
