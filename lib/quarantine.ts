/** Deliveries that did not verify, for a while; and the function that verifies them once more. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { ENV, QUARANTINE } from '../lambda/contract.ts';
import { NodeFunction } from './node-function.ts';
import { acknowledge } from './shared/nag-acknowledgement.ts';

export interface QuarantineOptions {
  /**
   * Deliveries that are kept in an hour of each route.
   *
   * @default 100
   */
  readonly maxPerHour?: number;

  /**
   * How long they are kept.
   *
   * @default Duration.days(7)
   */
  readonly retention?: Duration;
}

export class QuarantineTable extends Construct {
  readonly table: TableV2;
  /** For the functions that write and read it. */
  readonly environment: { readonly [name: string]: string };

  constructor(scope: Construct, id: string, options: Required<QuarantineOptions>) {
    super(scope, id);
    const { maxPerHour, retention } = options;
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: QUARANTINE.id, type: AttributeType.STRING },
      timeToLiveAttribute: QUARANTINE.expiration,
      // A second bound on what a flood can cost, whatever the functions do.
      billing: Billing.onDemand({ maxWriteRequestUnits: 100, maxReadRequestUnits: 1000 }),
      encryption: TableEncryptionV2.awsManagedKey(),
      // What strangers wrote is worth no backup, and goes with the stack.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(this.table, {
      'AwsSolutions-DDB3': 'Unverified deliveries are kept for days on purpose; a backup would keep them for longer.',
    });
    this.environment = {
      [ENV.quarantineTableName]: this.table.tableName,
      [ENV.quarantineTtlSeconds]: String(retention.toSeconds()),
      [ENV.quarantineMaxPerHour]: String(maxPerHour),
    };
  }
}

export interface ReverifierProps {
  /** Of the verifier, whose way a delivery goes that holds now. */
  readonly environment: { readonly [name: string]: string };
}

/** Invoked by an operator, by hand. */
export class Reverifier extends Construct {
  readonly handler: NodeFunction;

  constructor(scope: Construct, id: string, props: ReverifierProps) {
    super(scope, id);
    this.handler = new NodeFunction(this, 'Handler', {
      description: 'Lists quarantined deliveries, and verifies them once more.',
      name: 'reverify',
      memorySize: 512,
      timeout: Duration.minutes(5),
      environment: { ...props.environment },
      invokedBy: 'An operator invokes it and waits for the answer; what was not verified stays in the table.',
    });
  }
}
