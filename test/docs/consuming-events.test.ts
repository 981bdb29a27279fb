/** The examples of docs/consuming-events.md: the page quotes the files, and the files make what the page says. */
import { readFileSync } from 'node:fs';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { tablesOverBatches } from '../../examples/athena.ts';
import { followWebhooks } from '../../examples/other-account.ts';
import { startWorkflowPerBatch } from '../../examples/state-machine.ts';
import { sendTeamJobs } from '../../examples/user-metadata.ts';
import { newStack, readable, resourceOf } from '../lib/synthesize.ts';
import { readPage } from './markdown.ts';

const page = readPage('consuming-events.md');
const quoted = [...page.matchAll(/<!-- file: (\S+) -->\n\n```ts\n([\s\S]*?)^```$/gm)];

describe('docs/consuming-events.md', () => {
  it.each(quoted.map(([, file, code]) => [file, code]))('quotes %s as it is', (file, code) => {
    expect(code).toBe(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
  });

  it('quotes every example', () => {
    expect(quoted).toHaveLength(4);
  });
});

it('starts a workflow with the detail of each batch that landed', () => {
  const stack = newStack();
  startWorkflowPerBatch(stack, stack.webhooks);
  const template = Template.fromStack(stack);

  expect(resourceOf(template, 'AWS::Events::Rule', 'GeminiWebhooksBatchLanded').Properties).toMatchObject({
    EventBusName: { Ref: 'GeminiWebhooksEventBusDE0CBF58' },
    EventPattern: {
      ...{ source: ['gemini.webhooks'], 'detail-type': ['output.stored'] },
      detail: { jobType: ['batch'], status: ['succeeded'] },
    },
    Targets: [{ InputPath: '$.detail' }],
  });
  const policy = JSON.stringify(resourceOf(template, 'AWS::IAM::Policy', 'EvaluateBatchRole').Properties);
  expect(policy).toContain('/batch/*');
});

it('sends a team its interactions', () => {
  const stack = newStack();
  sendTeamJobs(stack.webhooks, 'Search', new Queue(stack, 'Queue'));

  expect(
    resourceOf(Template.fromStack(stack), 'AWS::Events::Rule', 'GeminiWebhooksInteractionsOfSearch').Properties,
  ).toMatchObject({
    EventPattern: { 'detail-type': ['interaction.completed'], detail: { userMetadata: { team: ['Search'] } } },
  });
});

it('forwards to a bus of the other account, by a role that may nothing else', () => {
  const stack = new Stack();
  followWebhooks(stack, 'arn:aws:events:eu-west-1:123456789012:event-bus/webhooks');
  const template = Template.fromStack(stack);

  template.hasResourceProperties('AWS::Events::Rule', {
    EventBusName: 'arn:aws:events:eu-west-1:123456789012:event-bus/webhooks',
    EventPattern: { 'detail-type': ['output.stored'] },
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: [{ Action: 'events:PutEvents', Effect: 'Allow' }] },
  });
});

it('computes the partitions of the tables from the keys that are written', () => {
  const stack = newStack();
  tablesOverBatches(stack, stack.webhooks);
  const { TableInput } = resourceOf(Template.fromStack(stack), 'AWS::Glue::Table', 'batchresponses').Properties as {
    TableInput: { Parameters: Record<string, unknown> };
  };

  // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of Athena's
  const places = 'source=${source}/date=${date}/job=${job}/${status}/';
  expect(readable(TableInput.Parameters['storage.location.template'])).toBe(
    `s3://<GeminiWebhooksOutputBucketOutputs636BE2D7>/batch/${places}`,
  );
});
