/** The idempotency records of a deployment. */
import { DynamoDbDeliveryRecords } from '../lambda/adapters/dynamodb-delivery-records.ts';
import type { Deployment } from './deployment.ts';

export function deliveryRecordsOf({ clients, description }: Deployment): DynamoDbDeliveryRecords {
  return new DynamoDbDeliveryRecords(clients.dynamodb, description.idempotencyTable);
}
