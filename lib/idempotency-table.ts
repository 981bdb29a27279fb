/** The idempotency records: one item for each delivery, so that a retry by Gemini is not published twice. Stateful. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { RECORD } from '../lambda/contract.ts';

export interface IdempotencyTableProps {
  /** Writes a second above which DynamoDB throttles: a bound on what a flood can cost. */
  readonly maxWritesPerSecond: number;
  /** Whether the table outlives the stack and is protected against deletion. */
  readonly retain: boolean;
}

export class IdempotencyTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, props: IdempotencyTableProps) {
    super(scope, id);

    this.table = new TableV2(this, 'Deliveries', {
      partitionKey: { name: RECORD.id, type: AttributeType.STRING },
      timeToLiveAttribute: RECORD.expiration,
      billing: Billing.onDemand({ maxWriteRequestUnits: props.maxWritesPerSecond }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // A key that AWS owns: a record holds ids, times and a hash, and no KMS quota or price is in the path of a delivery.
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      deletionProtection: props.retain,
      // Not RETAIN_ON_UPDATE_OR_DELETE: that deletes the table when the first deployment fails, and the protection
      // makes the deletion, and with it the rollback, fail.
      removalPolicy: props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}
