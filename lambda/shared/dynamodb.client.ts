/** What the stores in DynamoDB have in common: a table that is away, and a condition that fails. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { storeUnavailable, type TransientError } from './errors.ts';

/** @throws TransientError `ERR_STORE_UNAVAILABLE` when the call fails for whatever reason */
export async function orUnavailable<Output>(answer: Promise<Output>): Promise<Output> {
  try {
    return await answer;
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** @returns whether the write's condition held. @throws TransientError `ERR_STORE_UNAVAILABLE` */
export async function ifConditionHolds(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw unavailable(error);
  }
}

export function unavailable(cause: unknown): TransientError {
  return storeUnavailable('DynamoDB did not do it; it will be tried again', cause);
}
