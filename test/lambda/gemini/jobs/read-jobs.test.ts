import { expect, it, vi } from 'vitest';
import { batchJob } from '../../../../lambda/gemini/jobs/batch.ts';
import { interactionJob } from '../../../../lambda/gemini/jobs/interaction.ts';
import { listBatches, readJob } from '../../../../lambda/gemini/jobs/read-jobs.ts';
import { LIVE, portsOf } from '../../../fakes/fetch-ports.ts';

it('takes no refused list for an empty one', async () => {
  const refused = portsOf({}).gemini;
  const empty = portsOf({ 'batches?pageSize=50': {} }).gemini;

  await expect(listBatches(refused, undefined, LIVE)).rejects.toMatchObject({
    name: 'TransientError',
    code: 'ERR_GEMINI_REFUSED',
  });
  expect(await listBatches(empty, undefined, LIVE)).toEqual({ jobs: [], unreadable: 0, nextPageToken: undefined });
});

it('reads an interaction by either of its names', async () => {
  const resource = { id: 'v1_a', status: 'completed', webhook_config: { user_metadata: { job_group: 'g' } } };
  const { gemini } = portsOf({ 'interactions/v1_a?stream=false': resource });

  for (const jobId of ['v1_a', 'interactions/v1_a']) {
    expect(await readJob(gemini, interactionJob, jobId, LIVE)).toMatchObject({
      ...{ jobName: 'v1_a', hasEnded: true, displayName: null },
      ...{ userMetadata: { job_group: 'g' }, hasWebhook: true },
    });
  }
});

const BATCH = { name: 'batches/abc', metadata: { state: 'BATCH_STATE_RUNNING' } };

it('reads a page of batches whose requests and responses would be too large to keep', async () => {
  const items = Array.from({ length: 400_000 }, () => 1);
  const operations = [
    { ...BATCH, metadata: { ...BATCH.metadata, inputConfig: { requests: items } } },
    { ...BATCH, name: 'batches/def', response: { inlinedResponses: { inlinedResponses: items } } },
    { name: 'operations/no-batch' },
  ];
  const { gemini } = portsOf({ 'batches?pageSize=50&pageToken=a': { operations, nextPageToken: 'b' } });

  const page = await listBatches(gemini, 'a', LIVE);

  expect(page.jobs.map(({ jobName }) => jobName)).toEqual(['batches/abc', 'batches/def']);
  expect(page).toMatchObject({ unreadable: 1, nextPageToken: 'b' });
});

it('refuses a page that is no list of batches', async () => {
  const { gemini } = portsOf({ 'batches?pageSize=50': { operations: 'none' } });

  await expect(listBatches(gemini, undefined, LIVE)).rejects.toMatchObject({
    name: 'PermanentError',
    code: 'ERR_OUTPUT_INVALID',
  });
});

it('takes no defect of its own for a batch that cannot be read', async () => {
  const { gemini } = portsOf({ 'batches?pageSize=50': { operations: [BATCH] } });
  vi.spyOn(batchJob, 'stateOf').mockImplementationOnce(() => {
    throw new TypeError('a defect');
  });

  await expect(listBatches(gemini, undefined, LIVE)).rejects.toThrow('a defect');
});
