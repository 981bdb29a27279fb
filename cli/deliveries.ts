/** The idempotency records of a deployment. */
import { DynamoDbDeliveryRecords } from '../lambda/events/idempotency-records.client.ts';
import type { Deployment } from './deployment.ts';

export function deliveryRecordsOf({ clients, description }: Deployment): DynamoDbDeliveryRecords {
  return new DynamoDbDeliveryRecords(clients.dynamodb, description.idempotencyTable);
}
