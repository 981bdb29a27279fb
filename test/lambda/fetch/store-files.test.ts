import { expect, it } from 'vitest';
import { storeFiles } from '../../../lambda/fetch/store-files.ts';
import { Storing } from '../../../lambda/fetch/storing.ts';
import { PermanentError, TransientError } from '../../../lambda/shared/errors.ts';
import { LIVE, portsOf } from '../../fakes/fetch-ports.ts';

const gone = new PermanentError('ERR_OUTPUT_GONE', 'It is gone');
const tooLarge = new PermanentError('ERR_OUTPUT_TOO_LARGE', 'It is too large');
const FILE = { fileId: 'a', name: () => 'a', contentType: undefined, isLines: false, resource: undefined };

/** @param others objects beside the job resource */
async function store(error: Error, { isOptional = false, others = 1, isLast = false, isWaitedFor = true } = {}) {
  const storing = new Storing({ store: portsOf({}).store, prefix: 'p/', maxBytes: 100, signal: LIVE });
  for (let index = 0; index <= others; index += 1) {
    await storing.open({ name: String(index), contentType: 'text/plain', origin: 'job#' }).finish();
  }
  await storeFiles([{ ...FILE, isOptional, problem: undefined }], storing, {
    ...{ isLast, isWaitedFor },
    storeOne: async () => {
      throw error;
    },
  });
  return storing.notes;
}

it.each([
  ['a file that is gone, beside others', gone, {}],
  [
    'a file that is gone and that the job can do without, though there is no other',
    gone,
    { isOptional: true, others: 0 },
  ],
  ['a file that is too large and that the job can do without', tooLarge, { isOptional: true }],
])('notes %s', async (_what, error, options) => {
  expect(await store(error, options)).toEqual([`files/a did not land: ${error.message}`]);
});

it.each([
  ['the only file that is gone', gone, { others: 0 }],
  ['a file that is too large, because a larger limit would mend it', tooLarge, {}],
  ['a file that may come yet', new TransientError('ERR_OUTPUT_NOT_READY', 'Not yet'), { isOptional: true }],
  ['a file of the job that may come yet', new TransientError('ERR_OUTPUT_NOT_READY', 'Not yet'), { isLast: true }],
  [
    'a store that is away',
    new TransientError('ERR_STORE_UNAVAILABLE', 'away'),
    { isOptional: true, isWaitedFor: false },
  ],
  ['a defect of ours', new RangeError('ours'), { isOptional: true, isLast: true }],
])('fails by %s', async (_what, error, options) => {
  await expect(store(error, options)).rejects.toBe(error);
});

it.each([
  ['it was waited for', { isWaitedFor: false }],
  ['it is the last attempt', { isLast: true }],
])('notes a file that the job can do without and that does not come, once %s', async (_when, options) => {
  const refused = new TransientError('ERR_GEMINI_REFUSED', 'HTTP 403');

  expect(await store(refused, { isOptional: true, ...options })).toEqual(['files/a did not land: HTTP 403']);
});
