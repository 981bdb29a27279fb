/** Dynalite with the two tables of the pipeline, as the stack makes them. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';

export interface Tables {
  readonly client: DynamoDBClient;
  close(): void;
}

export async function startTables(): Promise<Tables> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  const KeySchema = [{ AttributeName: 'id', KeyType: 'HASH' as const }];
  await client.send(
    new CreateTableCommand({
      TableName: 'Deliveries',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
  await client.send(
    new CreateTableCommand({
      TableName: 'JobLedger',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'queue', AttributeType: 'S' },
        { AttributeName: 'due', AttributeType: 'N' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'jobs-by-state',
          KeySchema: [
            { AttributeName: 'queue', KeyType: 'HASH' },
            { AttributeName: 'due', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  return {
    client,
    close: () => {
      client.destroy();
      server.close();
    },
  };
}
