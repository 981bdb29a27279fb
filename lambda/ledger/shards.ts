/** One page out of those of all shards. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { LEDGER } from '../contract.ts';
import type { LedgerQuery } from './facts.ts';
import type { Item } from './item.ts';

export interface ShardPage {
  readonly items: readonly Item[];
  readonly hasMore: boolean;
}

/** The last item of a shard that was on a page: its key, without the shard's own part. */
type Position = Record<string, AttributeValue>;
type Positions = Readonly<Record<number, Position>>;

/** By shard: when it was due, and its id. */
const Cursor = z.record(z.string(), z.tuple([z.string(), z.string()]));

/** @throws Error for what no page gave */
export function parseCursor(cursor: string | undefined): Positions {
  if (cursor === undefined) return {};
  const positions = Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  return Object.fromEntries(
    Object.entries(positions).map(([shard, [due, id]]) => [
      Number(shard),
      { [LEDGER.due]: { N: due }, [LEDGER.id]: { S: id } },
    ]),
  );
}

/**
 * In the order of all shards together. What a shard has not shown yet may come before what another has: nothing after the
 * last item of a shard that has more is on the page.
 */
export function mergeShards(
  pages: readonly ShardPage[],
  before: Positions,
  { limit, newestFirst = false }: LedgerQuery,
): { readonly items: readonly Item[]; readonly next: string | undefined } {
  const sign = newestFirst ? -1 : 1;
  const order = (item: Item) => sign * dueOf(item);
  const last = Math.min(...pages.flatMap(({ items, hasMore }) => (hasMore ? items.slice(-1) : [])).map(order));
  const shown = pages
    .flatMap(({ items }, shard) => items.map((item) => ({ item, shard })))
    .filter(({ item }) => order(item) <= last)
    // Stable: within a shard as DynamoDB has them.
    .toSorted((one, other) => order(one.item) - order(other.item))
    .slice(0, limit);
  const isLast = shown.length === pages.reduce((sum, { items }) => sum + items.length, 0);
  const items = shown.map(({ item }) => item);
  if (isLast && !pages.some(({ hasMore }) => hasMore)) return { items, next: undefined };
  const after: Readonly<Record<string, Item>> = {
    ...before,
    ...Object.fromEntries(shown.map(({ item, shard }) => [shard, item])),
  };
  const cursor = Object.entries(after).map(([shard, item]) => [shard, [String(dueOf(item)), item[LEDGER.id]?.S ?? '']]);
  return { items, next: Buffer.from(JSON.stringify(Object.fromEntries(cursor))).toString('base64url') };
}

function dueOf(item: Item): number {
  return Number(item[LEDGER.due]?.N ?? '0');
}
