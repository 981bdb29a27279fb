/**
 * One DynamoDB table in memory: the calls and expressions that the stores use, and an error for any other. The stores' own tests
 * run against it and against dynalite.
 */
import { type AttributeValue, ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

type Item = Record<string, AttributeValue>;

export interface UpdateInput {
  readonly Key: Item;
  readonly UpdateExpression: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues: Readonly<Record<string, AttributeValue>>;
}

interface QueryInput {
  readonly KeyConditionExpression: string;
  readonly ExpressionAttributeValues: Readonly<Record<string, AttributeValue>>;
  readonly ScanIndexForward: boolean;
  readonly ExclusiveStartKey?: Item;
  readonly Limit: number;
}

type Call =
  | { readonly name: 'UpdateItemCommand'; readonly input: UpdateInput }
  | { readonly name: 'GetItemCommand'; readonly input: { readonly Key: Item } }
  | { readonly name: 'PutItemCommand'; readonly input: { readonly Item: Item } }
  | { readonly name: 'QueryCommand'; readonly input: QueryInput }
  | {
      readonly name: 'BatchGetItemCommand';
      readonly input: { readonly RequestItems: Readonly<Record<string, { readonly Keys: Item[] }>> };
    };

export class DynamoDbTable {
  readonly items = new Map<string, Item>();

  /** As a client that knows this table only. */
  client(): DynamoDBClient {
    const send = async (command: { readonly constructor: { readonly name: string }; readonly input: object }) =>
      this.#answer({ name: command.constructor.name, input: command.input } as Call);
    return { send } as unknown as DynamoDBClient;
  }

  #answer(call: Call): object {
    switch (call.name) {
      case 'UpdateItemCommand':
        return this.update(call.input);
      case 'GetItemCommand':
        return this.get(call.input.Key);
      case 'PutItemCommand':
        this.items.set(keyOf(idOf(call.input.Item)), call.input.Item);
        return {};
      case 'QueryCommand':
        return this.#query(call.input);
      case 'BatchGetItemCommand': {
        const tables = Object.entries(call.input.RequestItems).map(([name, { Keys }]) => [
          name,
          Keys.map((key) => this.items.get(keyOf(key))).filter((item) => item !== undefined),
        ]);
        return { Responses: Object.fromEntries(tables) };
      }
    }
  }

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
    const [set = '', remove = ''] = input.UpdateExpression.replace(/^SET /, '').split(' REMOVE ');
    const updated = { ...input.Key, ...item, ...assignments(set, input, item) };
    if (remove !== '') delete updated[input.ExpressionAttributeNames[remove] ?? ''];
    this.items.set(key, updated);
    return { Attributes: updated };
  }

  /** Of the ledger's index: by queue, in the order of `due`. */
  #query(input: QueryInput): object {
    if (input.KeyConditionExpression !== '#queue = :queue AND #due BETWEEN :since AND :until')
      throw new Error(`The condition "${input.KeyConditionExpression}" is not known`);
    const value = (name: string) => input.ExpressionAttributeValues[name];
    const sign = input.ScanIndexForward ? 1 : -1;
    const start = input.ExclusiveStartKey;
    const found = [...this.items.values()]
      .filter((item) => item['queue']?.S === value(':queue')?.S)
      .filter((item) => dueOf(item) >= Number(value(':since')?.N) && dueOf(item) <= Number(value(':until')?.N))
      .toSorted((one, other) => sign * order(one, other))
      .filter((item) => start === undefined || sign * order(item, start) > 0);
    const Items = found.slice(0, input.Limit);
    return { Items, ...(found.length > Items.length && { LastEvaluatedKey: Items.at(-1) }) };
  }
}

function idOf({ id }: Item): Item {
  return id === undefined ? {} : { id };
}

function dueOf(item: Item): number {
  return Number(item['due']?.N);
}

function order(one: Item, other: Item): number {
  return dueOf(one) - dueOf(other) || (one['id']?.S ?? '').localeCompare(other['id']?.S ?? '');
}

function keyOf(key: Item): string {
  return JSON.stringify(key);
}

function conditionHolds(input: UpdateInput, item: Item | undefined): boolean {
  if (input.ConditionExpression === undefined) return true;
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

function assignments(list: string, input: UpdateInput, item: Item | undefined): Item {
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
  const [, name = '', initial = '', added] = /^if_not_exists\((#\w+), (:\w+)\)(?: \+ (:\w+))?$/.exec(expression) ?? [];
  const before = item?.[input.ExpressionAttributeNames[name] ?? ''] ?? input.ExpressionAttributeValues[initial];
  if (added === undefined && before !== undefined) return before;
  const more = input.ExpressionAttributeValues[added ?? ''];
  if (before === undefined || more === undefined) throw new Error(`The value "${expression}" is not known`);
  return { N: String(Number(before.N) + Number(more.N)) };
}
