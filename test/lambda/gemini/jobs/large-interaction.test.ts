/** Megabytes, which take too long for each of the thousands of mutants: a mutation run leaves them out. */
import { expect, it } from 'vitest';
import { fetchOutputs } from '../../../../lambda/fetch/fetch-outputs.ts';
import { interactionJob } from '../../../../lambda/gemini/jobs/interaction.ts';
import { JsonOutline } from '../../../../lambda/gemini/json/outline.ts';
import { walkJson } from '../../../../lambda/gemini/json/walk.ts';
import { eventOf, LIVE, portsOf } from '../../../fakes/fetch-ports.ts';

it.each([
  [
    'arguments of calls',
    (i: number) => ({ type: 'google_search_call', arguments: { q: `${i}${'x'.repeat(20_000)}` } }),
  ],
  ['strings', (i: number) => ({ type: 'tool_result', result: `${i}${'x'.repeat(20_000)}` })],
  ['texts', (i: number) => ({ type: 'tool_result', result: [{ type: 'text', text: `${i}${'x'.repeat(20_000)}` }] })],
  [
    'short members',
    (i: number) => ({ type: 'tool_result', log: Array.from({ length: 40 }, () => `${i}${'x'.repeat(500)}`) }),
  ],
])('lands the report of a run of 700 steps of 20 kB: %s', async (_what, step) => {
  const report = { type: 'model_output', content: [{ type: 'text', text: '# Report' }] };
  const steps = [...Array.from({ length: 700 }, (_, index) => step(index)), report];
  const resource = { id: 'v1_abc', status: 'completed', created: '2026-07-23T10:21:43Z', steps };
  const { ports, store } = portsOf({ 'interactions/v1_abc?stream=false': resource }, 100_000_000);
  const event = eventOf('interaction', 'v1_abc', 'interaction.completed');

  await fetchOutputs(ports, interactionJob, event, { number: 1, isLast: false, signal: LIVE });

  const prefix = 'interaction/project=default/date=2026-07-23/job=v1_abc/completed/';
  expect(store.text(`${prefix}output.md`)).toBe('# Report');
  expect(JSON.parse(store.text(`${prefix}interaction.json`) ?? '')).toEqual(resource);
});

async function* chunksOf(text: string) {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; offset += 65_536) yield bytes.subarray(offset, offset + 65_536);
}

it('outlines what is large by its many steps', async () => {
  const result = (index: number) => 'x'.repeat(index % 2 === 0 ? 20_000 : 12_000);
  const steps = Array.from({ length: 1400 }, (_, index) => ({ type: 'tool', result: result(index) }));
  const outline = new JsonOutline(() => false);

  await walkJson(chunksOf(JSON.stringify({ steps, id: 'v1_abc' })), outline);

  expect(outline.value).toMatchObject({ id: 'v1_abc', steps: { length: 1400 } });
});

it('refuses small values without end that no resource needs', async () => {
  await expect(walkJson(chunksOf(`[${'1,'.repeat(600_000)}1]`), new JsonOutline(() => false))).rejects.toMatchObject({
    code: 'ERR_OUTPUT_INVALID',
    message: expect.stringContaining('over 8 MiB even without its outputs'),
  });
});
