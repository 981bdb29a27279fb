import { expect, it } from 'vitest';
import { batchJob } from '../../../../lambda/gemini/jobs/batch.ts';
import { jobKindOf } from '../../../../lambda/gemini/jobs/index.ts';
import { interactionJob } from '../../../../lambda/gemini/jobs/interaction.ts';
import { videoJob } from '../../../../lambda/gemini/jobs/video.ts';

it.each([
  ['batch', batchJob],
  ['interaction', interactionJob],
  ['video', videoJob],
])('knows the job type %s', (jobType, kind) => {
  expect(jobKindOf(jobType)).toBe(kind);
});

it.each(['other', 'Batch', ''])('refuses the job type "%s"', (jobType) => {
  expect(() => jobKindOf(jobType)).toThrow(`There is no job type "${jobType}"; give one of batch, interaction, video.`);
});
