/** The idempotency records: one item for each event, so that neither a retry nor a second webhook about it is published twice. Stateful. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { RECORD } from '../lambda/contract.ts';
import { settingsOf } from './settings.ts';

/** Of an on-demand table, unless the quota was raised. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
const MAX_TABLE_WRITES = 40_000;

export class IdempotencyTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const { projects, throttleRate, throttleBurst, retain } = settingsOf(this);
    // What the endpoint lets through in one second by two routes for each project, claimed and completed, and half of it
    // once more for retried calls: genuine traffic is never throttled here, and a flood costs no more.
    const maxWriteRequestUnits = Math.min(MAX_TABLE_WRITES, 3 * 2 * projects.length * (throttleRate + throttleBurst));

    this.table = new TableV2(this, 'Deliveries', {
      partitionKey: { name: RECORD.id, type: AttributeType.STRING },
      timeToLiveAttribute: RECORD.expiration,
      billing: Billing.onDemand({ maxWriteRequestUnits }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // A key that AWS owns: a record holds ids, times and a hash, and no KMS quota or price is in the path of a delivery.
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      deletionProtection: retain,
      // Not RETAIN_ON_UPDATE_OR_DELETE: that deletes the table when the first deployment fails, and the protection
      // makes the deletion, and with it the rollback, fail.
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}
