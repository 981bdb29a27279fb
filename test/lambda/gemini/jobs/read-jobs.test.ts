import { expect, it } from 'vitest';
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
