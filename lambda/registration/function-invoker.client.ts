/** Has a function run, without waiting for it. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';

export class FunctionInvoker {
  readonly #client: LambdaClient;

  constructor(client: LambdaClient) {
    this.#client = client;
  }

  async invoke(functionName: string): Promise<void> {
    await this.#client.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event' }));
  }
}
