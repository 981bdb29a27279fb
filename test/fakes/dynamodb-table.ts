/**
 * One DynamoDB table in memory: UpdateItem and GetItem by the expressions that the store uses, and an error for any
 * other. The store's own tests run against it and against dynalite.
 */
import { type AttributeValue, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

type Item = Record<string, AttributeValue>;

export interface UpdateInput {
  readonly Key: Item;
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues: Readonly<Record<string, AttributeValue>>;
}

export class DynamoDbTable {
  readonly items = new Map<string, Item>();

  get(key: Item): { Item?: Item } {
    const item = this.items.get(keyOf(key));
    return item ? { Item: item } : {};
  }

  update(input: UpdateInput): { Attributes: Item } {
    const key = keyOf(input.Key);
    const item = this.items.get(key);
    if (!conditionHolds(input, item)) {
      throw new ConditionalCheckFailedException({
        message: 'The conditional request failed',
        $metadata: {},
        ...(item && { Item: item }),
      });
    }
    const updated = { ...input.Key, ...item, ...assignments(input, item) };
    this.items.set(key, updated);
    return { Attributes: updated };
  }
}

function keyOf(key: Item): string {
  return JSON.stringify(key);
}

function conditionHolds(input: UpdateInput, item: Item | undefined): boolean {
  return input.ConditionExpression.split(' OR ').some((alternative) =>
    alternative
      .replace(/^\((.*)\)$/, '$1')
      .split(' AND ')
      .every((term) => termHolds(term, input, item)),
  );
}

function termHolds(term: string, input: UpdateInput, item: Item | undefined): boolean {
  const absent = /^attribute_not_exists\((#\w+)\)$/.exec(term)?.[1];
  if (absent !== undefined) return item?.[input.ExpressionAttributeNames[absent] ?? ''] === undefined;
  const [, name = '', operator, value = ''] = /^(#\w+) (=|<=) (:\w+)$/.exec(term) ?? [];
  const left = item?.[input.ExpressionAttributeNames[name] ?? ''];
  const right = input.ExpressionAttributeValues[value];
  if (operator === undefined || right === undefined) throw new Error(`The condition "${term}" is not known`);
  if (left === undefined) return false;
  if (operator === '=') return left.S === right.S && left.N === right.N;
  return Number(left.N) <= Number(right.N);
}

function assignments(input: UpdateInput, item: Item | undefined): Item {
  const [, list = ''] = /^SET (.*)$/.exec(input.UpdateExpression) ?? [];
  return Object.fromEntries(
    list.split(/, (?=#\w+ =)/).map((assignment) => {
      const [, name = '', expression = ''] = /^(#\w+) = (.*)$/.exec(assignment) ?? [];
      const attribute = input.ExpressionAttributeNames[name];
      if (attribute === undefined) throw new Error(`The update "${assignment}" is not known`);
      return [attribute, evaluate(expression, input, item)];
    }),
  );
}

function evaluate(expression: string, input: UpdateInput, item: Item | undefined): AttributeValue {
  const plain = input.ExpressionAttributeValues[expression];
  if (plain !== undefined) return plain;
  const [, name = '', initial = '', added = ''] = /^if_not_exists\((#\w+), (:\w+)\) \+ (:\w+)$/.exec(expression) ?? [];
  const before = item?.[input.ExpressionAttributeNames[name] ?? ''] ?? input.ExpressionAttributeValues[initial];
  const more = input.ExpressionAttributeValues[added];
  if (before === undefined || more === undefined) throw new Error(`The value "${expression}" is not known`);
  return { N: String(Number(before.N) + Number(more.N)) };
}
