import { expect, it } from 'vitest';
import { fetchOutputs } from '../../../../lambda/fetch/fetch-outputs.ts';
import { interactionJob } from '../../../../lambda/gemini/jobs/interaction.ts';
import { TransientError } from '../../../../lambda/shared/errors.ts';
import { eventOf, LIVE, portsOf } from '../../../fakes/fetch-ports.ts';

const ATTEMPT = { number: 1, isLast: false, signal: LIVE };
const EVENT = eventOf('interaction', 'v1_abc', 'interaction.completed');
const PATH = 'interactions/v1_abc?stream=false';
const prefix = (status: string) => `interaction/project=default/date=2026-07-23/job=v1_abc/${status}/`;
/** The 8 bytes with which every PNG begins. */
const PNG = 'iVBORw0KGgo=';

function interaction(status: string, steps: readonly object[], more: object = {}) {
  return {
    id: 'v1_abc',
    status,
    object: 'interaction',
    agent: 'deep-research-preview-04-2026',
    created: '2026-07-23T10:21:43Z',
    updated: '2026-11-24T04:59:30Z',
    usage: { total_tokens: 58 },
    webhook_config: { uris: ['https://example.com/webhooks/gemini/dynamic/the-token'] },
    steps,
    ...more,
  };
}
const output = (...content: object[]) => ({ type: 'model_output', content });
const text = (value: string) => ({ type: 'text', text: value });

it('lands a report with its images, and keeps steps that it does not know', async () => {
  const steps = [
    { type: 'user_input', content: [{ type: 'image', data: 'QUJD', mime_type: 'image/png' }, text('question')] },
    { type: 'thought', signature: 'sig' },
    { type: 'a_step_of_2027', content: 'not a list', result: { deep: [1, null, true] } },
    output(text('# Report\n'), text('One. 👋')),
    output({ type: 'image', data: PNG, mime_type: 'image/png' }, text('Two.'), {
      data: PNG,
      mime_type: 'image/x-new',
      type: 'image',
    }),
  ];
  const { ports, store, published } = portsOf({ [PATH]: interaction('completed', steps) });

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  const at = prefix('completed');
  expect(store.text(`${at}output.md`)).toBe('# Report\nOne. 👋\n\nTwo.');
  expect(store.objects.get(`${at}image-00.png`)).toEqual({
    body: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    contentType: 'image/png',
  });
  expect(store.objects.get(`${at}image-01.bin`)?.contentType).toBe('image/x-new');
  const stored = JSON.parse(store.text(`${at}interaction.json`) ?? '');
  expect(stored.steps[2]).toEqual(steps[2]);
  expect(stored.steps[0].content).toEqual([{ type: 'image', mime_type: 'image/png' }, text('question')]);
  expect(stored.steps[4].content[0]).toEqual({ type: 'image', mime_type: 'image/png' });
  expect(stored).not.toHaveProperty('webhook_config');
  expect(store.manifests.get(`${at}manifest.json`)).toMatchObject({
    usage: { total_tokens: 58 },
    job: { model: 'deep-research-preview-04-2026', createdAt: '2026-07-23T10:21:43.000Z' },
    objects: [
      { key: `${at}interaction.json`, origin: 'job#' },
      { key: `${at}output.md`, contentType: 'text/markdown; charset=utf-8' },
      { key: `${at}image-00.png`, origin: 'job#/steps/4/content/0/data', bytes: 8 },
      { key: `${at}image-01.bin`, origin: 'job#/steps/4/content/2/data' },
    ],
  });
  expect(published).toMatchObject([{ detail: { status: 'completed', objectCount: 4 } }]);
});

it.each([
  ['files/vid-1'],
  ['https://generativelanguage.googleapis.com/v1beta/files/vid-1'],
  ['https://generativelanguage.googleapis.com/v1beta/files/vid-1:download?alt=media'],
  ['https://attacker.example/v1beta/files/vid-1'],
])('takes of the URI %s the id only', async (uri) => {
  const { ports, store, gemini } = portsOf({
    [PATH]: interaction('completed', [output({ type: 'video', uri })]),
    'files/vid-1': { state: 'ACTIVE', mimeType: 'video/mp4', sizeBytes: '5' },
    'files/vid-1:download': 'movie',
  });

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(gemini.calls).toEqual([PATH, 'files/vid-1', 'files/vid-1:download']);
  expect(store.objects.get(`${prefix('completed')}video-00.mp4`)).toEqual({
    body: Buffer.from('movie'),
    contentType: 'video/mp4',
  });
});

it('decodes an inline video whose type comes after its bytes', async () => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  const block = { type: 'video', data: bytes.toString('base64'), mime_type: 'video/mp4' };
  const { ports, store } = portsOf({ [PATH]: interaction('completed', [output(block)]) });

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(store.objects.get(`${prefix('completed')}video-00.mp4`)?.body.equals(bytes)).toBe(true);
});

it('waits for a file that is being processed, and downloads nothing before', async () => {
  const { ports, store, gemini } = portsOf({
    [PATH]: interaction('completed', [
      output({ type: 'video', uri: 'files/ready' }, { type: 'video', uri: 'files/late' }),
    ]),
    'files/ready': { state: 'ACTIVE' },
    'files/late': { state: 'PROCESSING' },
  });

  const result = fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  await expect(result).rejects.toMatchObject({ code: 'ERR_OUTPUT_NOT_READY' });
  expect(gemini.calls).toEqual([PATH, 'files/ready', 'files/late']);
  expect(store.order).toEqual([]);
});

it('fails for good when Gemini could not make the only output, and else says what is missing', async () => {
  const bad = { type: 'video', uri: 'files/bad' };
  const alone = portsOf({ [PATH]: interaction('completed', [output(bad)]), 'files/bad': { state: 'FAILED' } });
  const beside = portsOf({
    [PATH]: interaction('completed', [output(text('# Report'), bad, { type: 'video', uri: 'files/gone' })]),
    'files/bad': { state: 'FAILED' },
  });
  // Two days after its end.
  beside.time.now = new Date('2026-11-26T04:59:30.000Z');

  for (const { ports } of [alone, beside]) await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(alone.published).toMatchObject([{ detailType: 'output.failed', detail: { code: 'ERR_OUTPUT_INVALID' } }]);
  expect(beside.store.text(`${prefix('completed')}output.md`)).toBe('# Report');
  expect(beside.published).toMatchObject([
    {
      detailType: 'output.stored',
      detail: {
        notes: [
          'files/bad did not land: Gemini could not make files/bad',
          'files/gone did not land: files/gone cannot be had; Gemini keeps files for 48 hours',
        ],
      },
    },
  ]);
});

it.each([
  ['has only a thought', [{ type: 'thought', signature: 's' }]],
  ['has only what tools said', [{ type: 'google_search_result', result: [text('found')] }]],
  ['has nothing', []],
])('waits for the output of an interaction that %s, and lands it without', async (_what, steps) => {
  const { ports, time, store, published } = portsOf({ [PATH]: interaction('completed', steps) });

  // It ended at 04:59:30.
  await expect(fetchOutputs(ports, interactionJob, EVENT, ATTEMPT)).rejects.toMatchObject({
    code: 'ERR_OUTPUT_NOT_READY',
  });
  time.now = new Date('2026-11-24T05:14:30.000Z');
  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  const at = prefix('completed-without-outputs');
  const note = 'The interaction is completed, but has no output';
  expect(store.order).toEqual([`${at}interaction.json`, `${at}manifest.json`]);
  expect(published).toMatchObject([{ detail: { status: 'completed', prefix: at, notes: [note] } }]);
});

const AGENT = interaction('completed', [output(text('Done.'))], { environment_id: 'env-1' });
const TAR = 'files/environment-env-1';

it('lands the files of a managed agent', async () => {
  const { ports, store } = portsOf({ [PATH]: AGENT, [`${TAR}:download`]: 'tar' });

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(store.objects.get(`${prefix('completed')}environment.tar`)).toEqual({
    body: Buffer.from('tar'),
    contentType: 'application/x-tar',
  });
});

const refused = new TransientError('ERR_GEMINI_REFUSED', 'HTTP 403');

it.each([
  ['does not show it', undefined, 'files/environment-env-1 did not land: files/environment-env-1 cannot be had (yet)'],
  ['refuses it', refused, 'files/environment-env-1 did not land: HTTP 403'],
])(
  'waits for the files of a managed agent while Gemini %s, and lands the rest without',
  async (_what, answer, note) => {
    const { ports, time, store } = portsOf({ [PATH]: AGENT, ...(answer && { [`${TAR}:download`]: answer }) });

    await expect(fetchOutputs(ports, interactionJob, EVENT, ATTEMPT)).rejects.toMatchObject({ name: 'TransientError' });
    expect(store.manifests.size).toBe(0);
    time.now = new Date('2026-11-24T05:14:30.000Z');
    await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

    expect(store.text(`${prefix('completed')}output.md`)).toBe('Done.');
    expect(store.manifests.get(`${prefix('completed')}manifest.json`)).toMatchObject({ notes: [note] });
  },
);

it('tries again when only the download of an agent’s files failed, and lands the rest at the last attempt', async () => {
  const away = new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 500');
  const { ports, time, store } = portsOf({ [PATH]: AGENT, [`${TAR}:download`]: away });
  time.now = new Date('2026-11-25T04:59:30.000Z');

  await expect(fetchOutputs(ports, interactionJob, EVENT, ATTEMPT)).rejects.toBe(away);
  await fetchOutputs(ports, interactionJob, EVENT, { ...ATTEMPT, isLast: true });

  expect(store.manifests.get(`${prefix('completed')}manifest.json`)?.notes).toEqual([
    'files/environment-env-1 did not land: HTTP 500',
  ]);
});

it.each([
  ['as it says', { [TAR]: { sizeBytes: '9000' }, [`${TAR}:download`]: 'x'.repeat(9000) }],
  ['as its bytes show', { [`${TAR}:download`]: 'x'.repeat(9000) }],
])('leaves an agent’s files that are too large, %s, where they are', async (_what, files) => {
  const { ports, store } = portsOf({ [PATH]: AGENT, ...files }, 5000);

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(store.unfinished.size).toBe(0);
  const manifest = store.manifests.get(`${prefix('completed')}manifest.json`);
  expect(manifest?.notes).toEqual([
    expect.stringMatching(/^files\/environment-env-1 did not land: .* 5000 may be stored$/),
  ]);
  expect(manifest?.objects.map(({ key }) => key.slice(prefix('completed').length)).toSorted()).toEqual([
    'interaction.json',
    'output.md',
  ]);
});

it('asks for no files of an agent that waits for an answer, or whose environment makes no sense', async () => {
  for (const change of [{ status: 'requires_action' }, { environment_id: '../secrets' }]) {
    const { ports, gemini, published } = portsOf({ [PATH]: { ...AGENT, ...change } });
    await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);
    expect(gemini.calls).toEqual([PATH]);
    expect(published).toMatchObject([{ detailType: 'output.stored' }]);
  }
});

it('finds an interaction by the name of its resource', async () => {
  const { ports, gemini } = portsOf({ [PATH]: interaction('failed', []) });

  await fetchOutputs(ports, interactionJob, { ...EVENT, jobId: 'interactions/v1_abc' }, ATTEMPT);

  expect(gemini.calls[0]).toBe(PATH);
});

it('notes a URI that is no file at Gemini, and lands the rest', async () => {
  const { ports, store } = portsOf({
    [PATH]: interaction('completed', [output(text('done'), { type: 'video', uri: 'gs://bucket/x.mp4' })]),
  });

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(store.manifests.get(`${prefix('completed')}manifest.json`)?.notes).toEqual([
    '/steps/0/content/1: the URI names no file at Gemini and is not fetched',
  ]);
});

it.each([
  ['requires_action', [{ type: 'function_call', id: 'z', name: 'getWeather', arguments: { data: 'QUJD' } }], {}, null],
  ['incomplete', [output(text('half'))], {}, null],
  ['budget_exceeded', [], {}, null],
  ['cancelled', [], {}, null],
  ['a_status_of_2027', [], {}, null],
  ['failed', [], { errors: [{ code: 'internal', message: 'no' }] }, { code: 'internal', message: 'no' }],
  ['failed', [{ type: 'model_output', error: { code: 13, message: 'no' } }], {}, { code: '13', message: 'no' }],
])('stores an interaction that is %s as it is', async (status, steps, more, error) => {
  const { ports, store, published } = portsOf({ [PATH]: interaction(status, steps, more) });

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(JSON.parse(store.text(`${prefix(status)}interaction.json`) ?? '').steps).toEqual(steps);
  expect(store.manifests.get(`${prefix(status)}manifest.json`)).toMatchObject({ outcome: 'stored', error });
  expect(published).toMatchObject([{ detailType: 'output.stored', detail: { status } }]);
});

it('comes back when the resource that was too large to be kept is not shown a second time', async () => {
  const resource = interaction('completed', [output({ type: 'text', text: 'x'.repeat(5 * 1024 * 1024) })]);
  const { ports, gemini, store } = portsOf({ [PATH]: resource }, 100_000_000);
  const get = gemini.get;
  gemini.get = async (path) => (gemini.calls.includes(path) ? undefined : get(path));

  await expect(fetchOutputs(ports, interactionJob, EVENT, ATTEMPT)).rejects.toMatchObject({
    code: 'ERR_JOB_NOT_FOUND',
  });
  expect(store.unfinished.size).toBe(0);
});

it.each(['in_progress', 'queued', 'requires_continuation'])(
  'comes back to an interaction that is %s',
  async (status) => {
    const { ports } = portsOf({ [PATH]: interaction(status, []) });

    await expect(fetchOutputs(ports, interactionJob, EVENT, ATTEMPT)).rejects.toMatchObject({
      code: 'ERR_OUTPUT_NOT_READY',
    });
  },
);

it.each([
  ['of another shape', { id: '../../x', status: 'completed' }],
  ['nested without end', `{"id":${'['.repeat(10_000)}`],
])('fails for good when the answer is %s', async (_what, resource) => {
  const { ports, published } = portsOf({ [PATH]: resource });

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(published).toMatchObject([{ detailType: 'output.failed', detail: { code: 'ERR_OUTPUT_INVALID' } }]);
});

it('lands a report beside an image that is not base64, with a note instead of it', async () => {
  const blocks = [
    { type: 'text', text: 'The report.' },
    { type: 'image', data: '<svg>', mime_type: 'image/png' },
    { type: 'image', data: 'data:image/png;base64,iVBORw0KGgo=', mime_type: 'image/png' },
  ];
  const { ports, store } = portsOf({ [PATH]: interaction('completed', [output(...blocks)]) });

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  const at = prefix('completed');
  expect(store.text(`${at}output.md`)).toBe('The report.');
  expect(store.objects.get(`${at}image-01.png`)?.body.toString('hex')).toBe('89504e470d0a1a0a');
  expect(store.unfinished.size).toBe(0);
  const { notes, objects } = store.manifests.get(`${at}manifest.json`) ?? {};
  expect(notes).toEqual(['/steps/0/content/1/data: the media is not base64, and is not stored']);
  expect(objects?.map(({ key }) => key.slice(at.length))).toEqual(['interaction.json', 'output.md', 'image-01.png']);
});

it.each([
  ['once, when it is small', 1000, [PATH]],
  ['twice, when it is too large to be kept', 5 * 1024 * 1024, [PATH, PATH]],
])('asks for a resource %s', async (_what, length, calls) => {
  const report = 'x'.repeat(length);
  const resource = interaction('completed', [output({ type: 'text', text: report })]);
  const { ports, gemini, store } = portsOf({ [PATH]: resource }, 100_000_000);

  await fetchOutputs(ports, interactionJob, EVENT, ATTEMPT);

  expect(gemini.calls).toEqual(calls);
  expect(store.text(`${prefix('completed')}output.md`)).toBe(report);
});

it.each([
  [true, ['steps', 0, 'arguments']],
  [true, ['steps', 0, 'content', 1, 'data']],
  [true, ['steps', 0, 'result', 1, 'text']],
  [true, ['outputs', 0, 'data']],
  [false, ['steps']],
  [false, ['steps', 0]],
  [false, ['steps', 0, 'type']],
  [false, ['steps', 0, 'error']],
  [false, ['steps', 0, 'content']],
  [false, ['steps', 0, 'result']],
  [false, ['steps', 0, 'content', 1]],
  [false, ['steps', 0, 'content', 1, 'type']],
  [false, ['steps', 0, 'content', 1, 'uri']],
  [false, ['steps', 0, 'content', 1, 'mime_type']],
  [false, ['steps', 0, 'error', 'details', 0]],
  [false, ['outputs']],
  [false, ['outputs', 0]],
  [false, ['outputs', 0, 'type']],
  [false, ['outputs', 0, 'type', 'of', 'another', 'shape']],
  [false, ['usage', 'by_modality', 'data']],
])('keeps out of memory what no plan is made of: %s for %j', (isBulk, path) => {
  expect(interactionJob.isBulk(path)).toBe(isBulk);
});

const image = { type: 'image', data: PNG, mime_type: 'image/png' };
const planOf = (steps: readonly unknown[], more: object = {}) =>
  interactionJob.plan({ id: 'v1_abc', status: 'completed', steps, ...more });

it('plans the outputs of the older shape, which are blocks without steps', () => {
  const { text: report, omit, ...plan } = planOf([], { steps: null, outputs: [image, text('# Report'), null] });

  expect(plan.media).toEqual([{ pointer: '/outputs/0/data', name: 'image-00.png', contentType: 'image/png' }]);
  expect(plan).toMatchObject({ missing: undefined, error: null, files: [], notes: [] });
  expect(omit(['outputs', 0, 'data'])).toBe(true);
  expect(report?.choose(['outputs', 1, 'text'])).toBe(true);
});

it('passes over what is no step and no block', () => {
  const plan = planOf([
    'x',
    null,
    output(image),
    { type: 'user_input', content: [null, 'x'] },
    { content: [7, image] },
  ]);

  expect(plan.media.map(({ pointer }) => pointer)).toEqual(['/steps/2/content/0/data', '/steps/4/content/1/data']);
});

it.each([
  ['an image of the caller', true, { type: 'user_input', content: [image] }],
  ['a document of a tool of the caller', true, { type: 'function_result', content: [{ ...image, type: 'document' }] }],
  ['an image that the model made', true, output(image)],
  ['an image whose data are null', false, { type: 'user_input', content: [{ ...image, data: null }] }],
  ['the data of a text of the caller', false, { type: 'user_input', content: [{ ...image, type: 'text' }] }],
  ['the data of a text that the model made', false, output({ ...image, type: 'text' })],
  ['the data of a block without a type', false, output({ data: PNG })],
])('leaves media out of the stored interaction: of %s it is %s', (_what, isOmitted, step) => {
  expect(planOf([step]).omit(['steps', 0, 'content', 0, 'data'])).toBe(isOmitted);
});

const NO_OUTPUT = 'The interaction is completed, but has no output';

it.each([
  ['an image of a tool', [{ type: 'code_execution_result', result: [image] }], undefined],
  ['a block of the model that nobody knows', [output({ type: 'a_block_of_2027' })], undefined],
  ['a block of a tool that nobody knows', [{ type: 'code_execution_result', result: [{}] }], NO_OUTPUT],
  ['an image of the caller', [{ type: 'user_input', content: [image] }], NO_OUTPUT],
  ['an image of a step without a type', [{ content: [image] }], undefined],
])('sees whether there is an output in %s', (_what, steps, missing) => {
  expect(planOf(steps).missing).toBe(missing);
});

it.each([
  [[{ type: 'text', text: 'x', uri: 'files/a', data: PNG }], { media: [], files: [], notes: [] }],
  [[{ type: 'image' }], { media: [], files: [], notes: [] }],
  [[{ type: 'image', data: PNG, uri: 'files/a' }], { media: [{ name: 'image-00.bin' }], files: [], notes: [] }],
  [
    [{ type: 'video', uri: 'files/a', mime_type: 'video/mp4' }],
    { media: [], files: [{ fileId: 'a', contentType: 'video/mp4', isLines: false, isOptional: false }], notes: [] },
  ],
])('takes what it can of the blocks %j', (content, expected) => {
  expect(planOf([output(...content)])).toMatchObject(expected);
});

it('takes no text of what a step of the model had as its result', () => {
  expect(planOf([{ type: 'model_output', result: [text('found')] }]).text).toBeUndefined();
});

it.each([
  ['env-1', undefined, [{ fileId: 'environment-env-1', isLines: false, isOptional: true }], []],
  ['../secrets', NO_OUTPUT, [], ['The id of the environment makes no sense']],
])(
  'plans the files of the environment %s, which are an output by themselves',
  (environment_id, missing, files, notes) => {
    expect(planOf([], { environment_id })).toMatchObject({ missing, files, notes });
  },
);

it('finds the first error in the order of the document', () => {
  const error = { code: 13, message: 'no' };
  const steps = [output(text('half')), null, { type: 'tool', error }, { type: 'tool', error: { code: 14 } }];

  expect(planOf(steps).error).toEqual({ code: '13', message: 'no' });
  expect(planOf(steps, { errors: [null, { code: 'first' }] }).error).toEqual({ code: 'first', message: '' });
});
