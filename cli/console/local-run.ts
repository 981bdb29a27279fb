/** What a local run can be asked for, by the addresses in its endpoints.json. Its secrets stay on this side. */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { CliError } from '../cli-error.ts';
import { type LocalRun as Endpoints, readLocalRun } from '../local-run.ts';
import type { LocalChange } from './changes.ts';
import type { SentDelivery } from './delivery-rows.ts';
import type { LocalControls } from './source.ts';

const Scenarios = z.object({ scenarios: z.record(z.string(), z.array(z.string())) });
const Job = z.object({ name: z.string(), kind: z.string(), endedAt: z.nullable(z.string()) });
const Jobs = z.object({ jobs: z.array(Job) });
const Deliveries = z.object({
  deliveries: z.array(
    z.object({
      ...{ id: z.string(), type: z.string(), job: z.nullable(z.string()), scheme: z.string() },
      attempts: z.array(z.object({ at: z.string(), status: z.number() })),
    }),
  ),
});
const Switches = z.record(z.string(), z.unknown());

type Event = Readonly<Record<string, unknown>>;

/** Without what needs the deployment's queues. */
type Control = Exclude<LocalChange, { kind: 'dead-letter' }>;

/** Of the file of events the end. */
const MOST_BYTES = 8 * 1024 * 1024;
const LONGEST_WAIT_MS = 30_000;

export class LocalRun implements LocalControls {
  readonly #stateDir: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  /** Read every time: a rotation writes it again. */
  get #endpoints(): Endpoints {
    return readLocalRun(this.#stateDir);
  }

  get webhookUrl(): string {
    return this.#endpoints.webhookUrl;
  }

  async scenarios(): Promise<Readonly<Record<string, readonly string[]>> | undefined> {
    if (this.#endpoints.simulatorControlUrl === null) return undefined;
    return Scenarios.parse(await this.#control('GET', '')).scenarios;
  }

  async switches(): Promise<Readonly<Record<string, unknown>>> {
    return Switches.parse(await this.#control('GET', '/switches'));
  }

  /** What the simulator pushed, and how each attempt was answered. */
  async sent(): Promise<readonly SentDelivery[]> {
    if (this.#endpoints.simulatorControlUrl === null) return [];
    return Deliveries.parse(await this.#control('GET', '/deliveries')).deliveries;
  }

  /** As they were on the bus. @param id the last part of the job's id */
  async events(id: string): Promise<readonly Event[]> {
    const lines = (await readEnd(this.#endpoints.eventsFile)).filter((line) => line.includes(id));
    return lines.flatMap((line) => {
      try {
        const event = JSON.parse(line) as { readonly detail?: { readonly jobId?: unknown } };
        return String(event.detail?.jobId).split('/').at(-1) === id ? [event as Event] : [];
      } catch {
        return [];
      }
    });
  }

  async change(change: Control): Promise<string> {
    switch (change.kind) {
      case 'submit':
        return await this.#submit(change);
      case 'switches':
        await this.#control('PATCH', '/switches', change.switches);
        return 'The switches are set.';
      case 'send':
        return await this.#send(change);
      case 'redeliver':
        await this.#control('POST', `/deliveries/${encodeURIComponent(change.webhookId)}:redeliver`);
        return 'It is sent once more.';
      default:
        return change satisfies never;
    }
  }

  async #submit(order: Extract<LocalChange, { kind: 'submit' }>): Promise<string> {
    const { jobType: kind, scenario, prompt, input, count, webhook } = order;
    const isBatch = kind === 'batch';
    const { name } = await this.#create({
      ...{ kind, scenario, prompt, count },
      ...(isBatch && { input }),
      ...(webhook === 'dynamic' && this.#dynamic()),
    });
    return `${name} is submitted.`;
  }

  #dynamic() {
    return { webhookUrl: this.#endpoints.dynamicWebhookUrl, userMetadata: { from: 'the console' } };
  }

  async #create(order: object): Promise<z.infer<typeof Job>> {
    return Job.parse(await this.#control('POST', '/jobs', order));
  }

  async #send({
    which,
    eventType = 'batch.succeeded',
    jobId,
  }: Extract<LocalChange, { kind: 'send' }>): Promise<string> {
    if (which === 'dynamic' || which === 'foreign') {
      const scenario = which === 'foreign' ? { scenario: 'foreign' } : {};
      const { name } = await this.#create({ kind: 'batch', ...scenario, ...this.#dynamic() });
      return `${name} is submitted; Gemini's keys sign its webhook when it ends.`;
    }
    const isWrong = which === 'wrong-signature';
    // What is signed wrongly is refused before anybody reads of which job it is.
    const id = jobId ?? (isWrong ? 'batches/none' : await this.#silentJob());
    const delivery = this.#signed(eventType, id, isWrong);
    const answers = [await this.#post(delivery)];
    if (which === 'duplicate') answers.push(await this.#post(delivery));
    return `${eventType} about ${id}: ${answers.join(', then ')}`;
  }

  /** A batch that ended, and of which no webhook came. */
  async #silentJob(): Promise<string> {
    const { name } = await this.#create({ kind: 'batch', prompt: 'Sent by hand', missing: true });
    for (let waited = 0; waited < LONGEST_WAIT_MS; waited += 100) {
      const { jobs } = Jobs.parse(await this.#control('GET', '/jobs'));
      if (jobs.find((job) => job.name === name)?.endedAt) return name;
      await sleep(100);
    }
    throw new CliError(`${name} has not ended after ${LONGEST_WAIT_MS / 1000} s. Make the switch jobMs smaller.`);
  }

  /** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
  #signed(type: string, jobId: string, isWrong: boolean): RequestInit {
    const now = new Date();
    const body = JSON.stringify({ type, version: 'v1', timestamp: now.toISOString(), data: { id: jobId } });
    const id = `msg_${randomUUID()}`;
    const timestamp = String(Math.floor(now.getTime() / 1000));
    const secret = Buffer.from(this.#endpoints.signingSecret.replace(/^whsec_/, ''), 'base64');
    const key = isWrong ? randomBytes(32) : secret;
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
    return { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
  }

  async #post(delivery: RequestInit): Promise<string> {
    const response = await fetch(this.webhookUrl, delivery);
    return `${response.status} ${await response.text()}`;
  }

  async #control(method: string, path: string, body?: object): Promise<unknown> {
    const url = this.#endpoints.simulatorControlUrl;
    if (url === null)
      throw new CliError(
        'This local run uses another Gemini than the simulator, and only the simulator can be controlled.',
      );
    const response = await fetch(`${url}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const answer: unknown = await response.json();
    if (response.ok) return answer;
    const refused = z.object({ error: z.object({ message: z.string() }) }).safeParse(answer);
    throw new CliError(
      refused.data?.error.message ?? `The simulator answered ${method} ${path} with ${response.status}.`,
    );
  }
}

/** Whole lines of the end. */
async function readEnd(path: string): Promise<readonly string[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - MOST_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return start === 0 ? lines : lines.slice(1);
  } finally {
    await file.close();
  }
}
