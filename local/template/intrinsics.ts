/** CloudFormation's intrinsic functions, as far as the stack uses them. Any other stops the run. */
import { LocalRunError } from '../shared/local-run-error.ts';

/** What a resource is to others: the value of `Ref`, and its attributes. */
export interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';
/** Of a run, if it asks for no other: names that are derived from it are the same in every run. */
export const STACK_ID = `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/local/00000000-0000-4000-8000-000000000000`;

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::StackName': 'local',
  'AWS::URLSuffix': 'amazonaws.com',
};

type Lookup = (logicalId: string) => Identity | undefined;

/**
 * @param place where the value stands, for the message
 * @throws LocalRunError on an unknown intrinsic, resource or attribute
 */
export function resolve(value: unknown, lookup: Lookup, place: string): unknown {
  if (Array.isArray(value)) return value.map((entry) => resolve(entry, lookup, place));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [[name, argument] = ['', undefined]] = entries;
  if (entries.length === 1 && (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))) {
    return evaluate(name, argument, lookup, place);
  }
  return Object.fromEntries(entries.map(([key, entry]) => [key, resolve(entry, lookup, `${place}.${key}`)]));
}

function evaluate(name: string, argument: unknown, lookup: Lookup, place: string): unknown {
  switch (name) {
    case 'Ref':
      return reference(String(argument), lookup, place);
    case 'Fn::GetAtt': {
      const [id, attribute] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.', 2);
      return attributeOf(id ?? '', attribute ?? '', lookup, place);
    }
    case 'Fn::Join': {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map((part) => String(resolve(part, lookup, place))).join(separator);
    }
    case 'Fn::Select': {
      const [index, list] = argument as [number | string, unknown];
      const selected = (resolve(list, lookup, place) as unknown[])[Number(index)];
      if (selected === undefined) throw new LocalRunError(`${place} selects ${index} of a list that is shorter.`);
      return selected;
    }
    case 'Fn::Split': {
      const [separator, whole] = argument as [string, unknown];
      return String(resolve(whole, lookup, place)).split(separator);
    }
    case 'Fn::Sub':
      if (typeof argument !== 'string') break;
      return argument.replaceAll(/\$\{([^!}]+)\}/g, (_, expression: string) => {
        const [id = '', attribute] = expression.split('.', 2);
        return attribute === undefined ? reference(id, lookup, place) : attributeOf(id, attribute, lookup, place);
      });
  }
  throw new LocalRunError(
    `${place} uses ${name}, which the local run does not know. Add it to local/template/intrinsics.ts.`,
  );
}

function reference(id: string, lookup: Lookup, place: string): string {
  const value = PSEUDO[id] ?? lookup(id)?.ref;
  if (value === undefined) throw new LocalRunError(`${place} refers to ${id}, which the local run does not know.`);
  return value;
}

function attributeOf(id: string, attribute: string, lookup: Lookup, place: string): string {
  const value = lookup(id)?.attributes[attribute];
  if (value === undefined) {
    throw new LocalRunError(
      `${place} refers to ${id}.${attribute}, which the local run does not know. Add it to local/template/catalogue.ts.`,
    );
  }
  return value;
}
