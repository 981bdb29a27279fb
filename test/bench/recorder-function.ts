/** What `recorder.ts` measures, in a process of its own: the handler of the job ledger, with full batches. */
import { eventOf } from '../fakes/fetch-ports.ts';

export interface Recorded {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const BATCH = 100;
const BATCHES = 40;
const SENT = '1764200000000';

const { handler } = await import('../../lambda/ledger/record-job.lambda.ts');

/** Of jobs that nobody has heard of. */
function batchOf(number: number) {
  const Records = Array.from({ length: BATCH }, (_, at) => {
    const type = 'interaction.completed';
    const detail = eventOf('interaction', `v1_${number}_${at}`, type);
    const envelope = { source: 'gemini.webhooks', 'detail-type': type, time: '2026-11-24T05:00:05Z', detail };
    return { messageId: `${number}-${at}`, body: JSON.stringify(envelope), attributes: { SentTimestamp: SENT } };
  });
  return { Records } as unknown as Parameters<typeof handler>[0];
}

async function record(number: number): Promise<void> {
  const { batchItemFailures } = await handler(batchOf(number));
  if (batchItemFailures.length > 0) throw new Error('Some messages were not recorded; the log says why.');
}

for (let warm = 0; warm < 5; warm += 1) await record(-warm);
const cpu = process.cpuUsage();
const startedAt = performance.now();
for (let number = 0; number < BATCHES; number += 1) await record(number);
const wallMs = (performance.now() - startedAt) / (BATCH * BATCHES);
const { user, system } = process.cpuUsage(cpu);
process.send?.({ wallMs, cpuMs: (user + system) / 1000 / (BATCH * BATCHES) } satisfies Recorded);
