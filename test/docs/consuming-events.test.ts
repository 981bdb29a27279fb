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
import { newStack, readable, resourceOf, withoutHashes } from '../lib/synthesize.ts';
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

it('starts a workflow with the detail of each batch that stored', () => {
  const stack = newStack();
  startWorkflowPerBatch(stack, stack.webhooks);
  const template = withoutHashes(Template.fromStack(stack));

  expect(resourceOf(template, 'AWS::Events::Rule', 'GeminiWebhooksBatchStored').Properties).toMatchObject({
    EventBusName: { Ref: 'GeminiWebhooksEventBus' },
    EventPattern: {
      ...{ source: ['gemini.webhooks'], 'detail-type': ['output.stored'] },
      detail: { jobType: ['batch'], status: ['succeeded'] },
    },
    Targets: [{ InputPath: '$.detail' }],
  });
  const policy = JSON.stringify(resourceOf(template, 'AWS::IAM::Policy', 'EvaluateBatchRole').Properties);
  expect(policy).toContain('/batch/*');
});

it('sends a team the outputs of its jobs', () => {
  const stack = newStack();
  sendTeamJobs(stack.webhooks, 'Search', new Queue(stack, 'Queue'));

  expect(
    resourceOf(withoutHashes(Template.fromStack(stack)), 'AWS::Events::Rule', 'GeminiWebhooksOutputsOfSearch')
      .Properties,
  ).toMatchObject({
    EventPattern: { 'detail-type': ['output.stored'], detail: { userMetadata: { team: ['Search'] } } },
  });
});

it('forwards to a bus of the other account, by a role that may nothing else', () => {
  const stack = new Stack();
  followWebhooks(stack, 'arn:aws:events:eu-west-1:123456789012:event-bus/webhooks');
  const template = withoutHashes(Template.fromStack(stack));

  template.hasResourceProperties('AWS::Events::Rule', {
    EventBusName: 'arn:aws:events:eu-west-1:123456789012:event-bus/webhooks',
    EventPattern: { 'detail-type': ['output.stored'] },
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: [{ Action: 'events:PutEvents', Effect: 'Allow' }] },
  });
});

describe('the tables', () => {
  const stack = newStack();
  tablesOverBatches(stack, stack.webhooks);
  const template = withoutHashes(Template.fromStack(stack));
  const tableOf = (id: string) =>
    (resourceOf(template, 'AWS::Glue::Table', id).Properties as unknown as Table).TableInput;

  it.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of Athena's
    ['batchmanifests', 'project=${project}/date=${date}/', ['project', 'date']],
    [
      'batchresponses',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of Athena's
      'project=${project}/date=${date}/job=${job}/${status}/',
      ['project', 'date', 'job', 'status'],
    ],
  ])('%s computes its partitions from the keys that are written', (id, places, keys) => {
    const { Parameters, PartitionKeys } = tableOf(id);

    expect(readable(Parameters['storage.location.template'])).toBe(
      `s3://<GeminiWebhooksOutputBucketOutputs>/batch/${places}`,
    );
    expect(PartitionKeys.map(({ Name }) => Name)).toEqual(keys);
    for (const key of keys) expect(Parameters).toHaveProperty([`projection.${key}.type`]);
  });

  it('have a column for each place of a manifest that they name, and that manifests have', () => {
    const { Columns, SerdeInfo } = tableOf('batchmanifests').StorageDescriptor;
    const schema = JSON.parse(readFileSync(new URL('../../schemas/1/Manifest.json', import.meta.url), 'utf8'));
    // Counted as far as Gemini counts: they are among the other members of counts.
    const others = ['counts.requests', 'counts.failedRequests'];

    for (const { Name } of Columns) {
      const places = SerdeInfo.Parameters?.[`ion.${Name}.path_extractor`]?.slice(1, -1).split(' ') ?? [];
      const found = places.reduce(
        (at, name) => at?.[name]?.properties ?? at?.[name]?.anyOf?.[0]?.properties ?? at?.[name],
        schema.properties,
      );
      expect([Name, found !== undefined || others.includes(places.join('.'))]).toEqual([Name, true]);
    }
  });

  it.each([...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => [sql]))('answer %s', (sql) => {
    const [, name = ''] = /FROM gemini_webhooks\.(\w+)/.exec(sql) ?? [];
    const { StorageDescriptor, PartitionKeys } = tableOf(name.replace('_', ''));
    const columns = [...StorageDescriptor.Columns, ...PartitionKeys].map((column) => column.Name);
    const words = sql
      .replaceAll(/'[^']*'|"[^"]*"|AS \w+|gemini_webhooks\.\w+|ORDER BY \w+/g, '')
      .match(/\b[a-z_]{3,}\b(?!\()/g);

    expect(words?.filter((word) => !columns.includes(word))).toEqual([]);
    expect(words?.length).toBeGreaterThan(3);
  });
});

interface Table {
  readonly TableInput: {
    readonly Parameters: Readonly<Record<string, unknown>>;
    readonly PartitionKeys: readonly { readonly Name: string }[];
    readonly StorageDescriptor: {
      readonly Columns: readonly { readonly Name: string }[];
      readonly SerdeInfo: { readonly Parameters?: Readonly<Record<string, string>> };
    };
  };
}
