/** The job of the models of the fetcher: a batch with one result file. */
import { eventOf } from '../fakes/fetch-ports.ts';

export const JOB = JSON.stringify({
  name: 'batches/abc',
  done: true,
  metadata: { state: 'BATCH_STATE_SUCCEEDED', createTime: '2026-11-23T11:09:11Z' },
  response: { responsesFile: 'files/batch-abc' },
});
export const PARTS = ['{"key":"1"}\n', '{"key":"2"}\n'];
export const FILE = PARTS.join('');
export const EVENT = eventOf('batch', 'batches/abc', 'batch.succeeded');
export const RESPONSES = 'batch/source=default/date=2026-11-23/job=abc/succeeded/responses.jsonl';
export const MANIFEST = 'batch/source=default/date=2026-11-23/job=abc/succeeded/manifest.json';
