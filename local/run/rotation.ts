/** Webhooks arriving while both secrets are rotated: what was answered to each attempt, by phase and scheme. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { control } from './control.ts';
import type { Run } from './run.ts';

/** Apart, so that jobs of one phase end in the next; and no more under way than a slow machine answers before Gemini gives up. */
const LOAD = { jobsPerPhase: 40, intervalMs: 50, underWay: 20 };
const TIME_LIMIT_MS = 60_000;

export interface RotationRow {
  readonly phase: string;
  readonly scheme: string;
  readonly attempts: number;
  readonly accepted: number;
  readonly refused: number;
  readonly others: number;
}

const Deliveries = z.object({
  deliveries: z.array(
    z.object({
      scheme: z.string(),
      status: z.string(),
      attempts: z.array(z.object({ at: z.string(), status: z.number() })),
    }),
  ),
});

interface Phase {
  readonly title: string;
  readonly begin: () => Promise<void>;
}

/** @param onPhase hears of each phase as it begins */
export async function rotateUnderLoad(
  run: Run,
  onPhase: (title: string) => void,
  { jobsPerPhase, intervalMs, underWay } = LOAD,
): Promise<readonly RotationRow[]> {
  const phases: Phase[] = [
    { title: 'before', begin: async () => {} },
    { title: 'signing secret rotated', begin: () => run.rotate('signing-secret') },
    { title: 'dynamic token rotated', begin: () => run.rotate('dynamic-token') },
  ];
  const known = (await deliveriesOf(run)).length;
  const starts: { title: string; at: string }[] = [];
  let submitted = 0;
  for (const { title, begin } of phases) {
    onPhase(title);
    starts.push({ title, at: new Date().toISOString() });
    // The rotation goes on while jobs are submitted, and with the URL that is known at that moment.
    const rotating = begin();
    // Asked below, when the jobs are submitted.
    rotating.catch(() => {});
    for (let job = 0; job < jobsPerPhase; job += 1) {
      await submit(run, submitted++ % 2 === 0 ? undefined : run.endpoints.dynamicWebhookUrl);
      await sleep(intervalMs);
      await settled(run, known + submitted - underWay);
    }
    await rotating;
  }
  const deliveries = await settled(run, known + submitted);
  const attempts = deliveries.flatMap(({ scheme, attempts: tried }) =>
    tried.map(({ at, status }) => ({ scheme, status, phase: starts.findLast((start) => start.at <= at)?.title ?? '' })),
  );
  return phases.flatMap(({ title }) =>
    ['v1', 'v1a'].map((scheme) => {
      const own = attempts.filter((attempt) => attempt.phase === title && attempt.scheme === scheme);
      const count = (fits: (status: number) => boolean) => own.filter(({ status }) => fits(status)).length;
      return {
        ...{ phase: title, scheme, attempts: own.length },
        accepted: count((status) => status === 200),
        refused: count((status) => status === 401),
        others: count((status) => status !== 200 && status !== 401),
      };
    }),
  );
}

async function submit({ endpoints }: Run, webhookUrl: string | undefined): Promise<void> {
  await control(endpoints, 'POST', '/jobs', { kind: 'interaction', ...(webhookUrl && { webhookUrl }) });
}

async function deliveriesOf({ endpoints }: Run): Promise<z.infer<typeof Deliveries>['deliveries']> {
  return Deliveries.parse(await control(endpoints, 'GET', '/deliveries')).deliveries;
}

/** When so many deliveries are done, whatever became of them. */
async function settled(run: Run, count: number): ReturnType<typeof deliveriesOf> {
  const until = Date.now() + TIME_LIMIT_MS;
  for (;;) {
    const found = await deliveriesOf(run);
    const done = found.filter(({ status }) => status !== 'pending').length;
    if (done >= count || Date.now() > until) return found;
    await sleep(200);
  }
}
