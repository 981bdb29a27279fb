/**
 * Pages of a list, newest first, as every list of the API has them.
 */
import { ApiError } from './api-error.ts';

const DEFAULT_PAGE_SIZE = 50;

export function page<Item>(items: readonly Item[], size: string | null, token: string | null) {
  const pageSize = size === null ? DEFAULT_PAGE_SIZE : Number(size);
  const start = token === null ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isInteger(pageSize) || pageSize < 1) throw new ApiError(400, 'The page size must be a positive integer.');
  if (!Number.isInteger(start) || start < 0) throw new ApiError(400, 'The page token is not valid.');
  const end = start + pageSize;
  return {
    items: items.toReversed().slice(start, end),
    nextPageToken: end < items.length ? Buffer.from(String(end)).toString('base64url') : undefined,
  };
}
