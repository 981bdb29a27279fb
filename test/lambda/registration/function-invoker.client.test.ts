import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it, onTestFinished } from 'vitest';
import { FunctionInvoker } from '../../../lambda/registration/function-invoker.client.ts';

it('has a function run without waiting for its end', async () => {
  const mock = mockClient(LambdaClient);
  onTestFinished(() => mock.restore());
  mock.on(InvokeCommand).resolves({ StatusCode: 202 });

  await new FunctionInvoker(new LambdaClient({ region: 'eu-west-1' })).invoke('health-check');

  expect(mock.commandCalls(InvokeCommand).map(({ args }) => args[0].input)).toEqual([
    { FunctionName: 'health-check', InvocationType: 'Event' },
  ]);
});
