/** The job of the model of the fetcher: a batch with one result file, whose bytes are others each time they are read. */
import { eventOf } from '../fakes/fetch-ports.ts';

export const jobAt = (reading: number) =>
  JSON.stringify({
    name: 'batches/abc',
    done: true,
    metadata: { state: 'BATCH_STATE_SUCCEEDED', createTime: '2026-11-23T11:09:11Z', updateTime: `reading ${reading}` },
    response: { responsesFile: 'files/batch-abc' },
  });
export const RUNNING = '{"name":"batches/abc","metadata":{"state":"BATCH_STATE_RUNNING"}}';
export const WITHOUT_OUTPUTS = JSON.stringify({
  name: 'batches/abc',
  done: true,
  metadata: { state: 'BATCH_STATE_SUCCEEDED', createTime: '2026-11-23T11:09:11Z' },
});
/** Sixteen minutes after the end of the job. */
export const LATER = new Date('2026-11-24T05:15:00.000Z');
export const partsAt = (reading: number) => [`{"key":"${reading}"}\n`, '{"key":"2"}\n'];
export const EVENT = eventOf('batch', 'batches/abc', 'batch.succeeded');
export const RESPONSES = 'batch/project=default/date=2026-11-23/job=abc/succeeded/responses.jsonl';
export const MANIFEST = 'batch/project=default/date=2026-11-23/job=abc/succeeded/manifest.json';
