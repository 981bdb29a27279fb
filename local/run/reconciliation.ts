/** Jobs whose webhooks are lost, late, or not sent because Gemini disabled the webhook: who announced them, and how often. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { DETAIL_TYPE, FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import type { BusEvent } from '../aws/event-bus.ts';
import type { SwitchesUpdate } from '../gemini/switches.ts';
import { announceJob } from './announce.ts';
import { control } from './control.ts';
import { createClient, type Run } from './run.ts';

/** More than there are deliveries: they are held until they are let go. */
const ALL = 1000;
const TIME_LIMIT_MS = 60_000;
const POLL_MS = 200;
/** The bus is away for the verifier alone. */
const VERIFIER = 'DoorVerifier';

export interface ReconciliationRow {
  readonly webhooks: string;
  readonly jobs: number;
  readonly byWebhook: number;
  readonly byReconciler: number;
  readonly stored: number;
  /** Deliveries that were answered 200 after the reconciler had announced their job. */
  readonly late: number;
  /** Jobs with more than one event of Gemini's. */
  readonly twice: number;
  /** The webhook's state at Gemini while the jobs ended. */
  readonly state: string;
}

const Deliveries = z.object({
  deliveries: z.array(z.object({ job: z.string().nullable(), status: z.string() })),
});

/** @param onAct hears of each act as it begins */
export async function reconcileMissed(run: Run, onAct: (title: string) => void): Promise<readonly ReconciliationRow[]> {
  const stage = new Stage(run);
  try {
    onAct('they are lost');
    const lost = await stage.play('lost', { missing: ALL });
    onAct('they come late, after the reconciler');
    const late = await stage.play('late', { outOfOrder: ALL });
    onAct('Gemini disables the webhook, because a delivery failed for too long');
    await stage.haveItDisabled();
    const disabled = await stage.play('disabled', {});
    onAct('the health check has enabled it again');
    await run.aws.runSchedule('HealthCheck');
    const healthy = await stage.play('in time', {});
    return [lost, late, disabled, healthy];
  } finally {
    stage.close();
  }
}

class Stage {
  readonly #run: Run;
  readonly #events: BusEvent[] = [];
  readonly #stop: () => void;

  constructor(run: Run) {
    this.#run = run;
    this.#stop = run.aws.onEvent((event) => this.#events.push(event));
  }

  close(): void {
    this.#stop();
  }

  async play(webhooks: string, switches: SwitchesUpdate): Promise<ReconciliationRow> {
    await this.#switch({ missing: 0, outOfOrder: 0, ...switches });
    const names = await this.#submit();
    await until(() => names.every((name) => this.#has(name, DETAIL_TYPE.outputStored)));
    const announced = this.#events.filter(({ detail }) => names.includes(String(detail['jobId'])) && detail['origin']);
    const byReconciler = announced.filter(({ detail }) => detail['origin'] === 'reconciler').length;
    const late = switches.outOfOrder === undefined ? 0 : await this.#letGo(names);
    const own = names.map((name) => this.#eventsOf(name).length);
    return {
      ...{ webhooks, jobs: names.length, byReconciler, late },
      byWebhook: announced.length - byReconciler,
      stored: names.filter((name) => this.#has(name, DETAIL_TYPE.outputStored)).length,
      twice: own.filter((events) => events > 1).length,
      state: await this.#webhookState(),
    };
  }

  /** As Gemini does after 24 hours in vain, here after the first attempt. */
  async haveItDisabled(): Promise<void> {
    await this.#switch({ missing: 0, outOfOrder: 0, retryForMs: 0 });
    const heal = this.#run.aws.intercept(({ action, functionId }) =>
      action === 'PutEvents' && functionId?.includes(VERIFIER) ? 'deny' : 'pass',
    );
    await control(this.#run.endpoints, 'POST', '/jobs', { kind: 'batch' });
    await until(async () => (await this.#webhookState()) !== 'enabled');
    heal();
    await this.#switch({ retryForMs: 86_400_000 });
  }

  /** What Gemini does not list is announced by the application. */
  async #submit(): Promise<string[]> {
    const names: string[] = [];
    for (const kind of FETCHED_JOB_TYPES) {
      const { name } = z
        .object({ name: z.string() })
        .parse(await control(this.#run.endpoints, 'POST', '/jobs', { kind }));
      if (kind !== 'batch') await announceJob(this.#run.endpoints, kind, name);
      names.push(name);
    }
    return names;
  }

  #eventsOf(name: string): readonly BusEvent[] {
    return this.#events.filter(({ detail }) => detail['jobId'] === name && detail['origin'] !== undefined);
  }

  #has(name: string, type: string): boolean {
    return this.#events.some((event) => event['detail-type'] === type && event.detail['jobId'] === name);
  }

  /** Lets the held webhooks come, late. @returns how many of the jobs' deliveries were answered 200 */
  async #letGo(names: readonly string[]): Promise<number> {
    let done = 0;
    await this.#switch({ outOfOrder: 0 });
    await until(async () => {
      const { deliveries } = Deliveries.parse(await control(this.#run.endpoints, 'GET', '/deliveries'));
      done = deliveries.filter(({ job, status }) => names.includes(job ?? '') && status === 'delivered').length;
      return done === names.length;
    });
    return done;
  }

  async #webhookState(): Promise<string> {
    const { geminiUrl, apiKey } = this.#run.endpoints;
    const { webhooks = [] } = await createClient(geminiUrl, apiKey).webhooks.list({});
    return webhooks[0]?.state ?? 'missing';
  }

  #switch(switches: SwitchesUpdate): Promise<unknown> {
    return control(this.#run.endpoints, 'PATCH', '/switches', switches);
  }
}

/** Until it holds, or the time is up: the rows show which. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + TIME_LIMIT_MS;
  while (!(await holds()) && Date.now() < end) await sleep(POLL_MS);
}
