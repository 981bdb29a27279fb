/** `quarantine list | reverify`: deliveries that did not verify when they came. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CliError } from '../cli-error.ts';
import { type CommandContext, show } from '../context.ts';
import { resourcesOf } from '../deployment.ts';
import { chosenSources } from '../sources.ts';

export async function quarantine(context: CommandContext, action: 'list' | 'reverify'): Promise<void> {
  const { deployment } = context;
  const [reverifier] = resourcesOf(deployment, 'AWS::Lambda::Function', /^ReverifierHandlerFunction$/);
  if (reverifier === undefined) {
    throw new CliError(
      'This deployment keeps no quarantine. Deploy with gemini-webhooks:quarantine set to true, or with the prop quarantine.',
    );
  }
  if (action === 'reverify' && context.source !== undefined) {
    throw new CliError('What is quarantined is verified once more for all sources: leave --source out.', 2);
  }
  const sources = chosenSources(context).map(({ name }) => name);
  const { Payload, FunctionError } = await deployment.clients.lambda.send(
    new InvokeCommand({ FunctionName: reverifier.physicalId, Payload: JSON.stringify({ action }) }),
  );
  if (FunctionError !== undefined) {
    throw new CliError('The function failed. Its log says why (part ReverifierHandlerLogs). Try it again then.', 3);
  }
  const { deliveries = [] } = JSON.parse(Buffer.from(Payload ?? []).toString('utf8')) as {
    deliveries?: { id: string; source: string; receivedAt: string; outcome?: string }[];
  };
  const outcome = action === 'reverify' ? ['outcome'] : [];
  show(
    context,
    ['received', 'source', 'id', ...outcome],
    deliveries
      .filter(({ source }) => sources.includes(source))
      .map((one) => [one.receivedAt, one.source, one.id, ...(action === 'reverify' ? [one.outcome ?? ''] : [])]),
    'The quarantine is empty.',
  );
}
