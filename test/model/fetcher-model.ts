/**
 * The fetch of one job, under every order of the calls of two overlapping fetches and every way in which each call can
 * end: each read, each part, each object, the manifest, the announcement. What Gemini gives changes with every reading, and
 * it may say for a while that there is no such thing, refuse, or have less to give.
 */
import { createHash } from 'node:crypto';
import type { BusEvent } from '../../lambda/events/job-event.ts';
import type { Manifest } from '../../lambda/events/manifest.ts';
import { type FetchOutputsPorts, fetchOutputs } from '../../lambda/fetch/fetch-outputs.ts';
import { batchJob } from '../../lambda/gemini/jobs/batch.ts';
import type { FileDownload } from '../../lambda/gemini/ports.ts';
import { TransientError } from '../../lambda/shared/errors.ts';
import { LIVE, NO_LEDGER } from '../fakes/fetch-ports.ts';
import type { Choose } from './explore.ts';
import { EVENT, jobAt, LATER, MANIFEST, partsAt, RESPONSES, RUNNING, WITHOUT_OUTPUTS } from './fetched-job.ts';
import { Process, step } from './process.ts';

export interface FetcherModelOptions {
  /** Of the same job, overlapping. */
  readonly fetches: number;
  /** Calls that do not go well, of all fetches together. */
  readonly maxFaults: number;
  /** Answers of Gemini's that are well formed, and are not the job as it will be. */
  readonly maxOddAnswers: number;
}

const NOT_FOUND = () => undefined;
const REFUSED = () => {
  throw new TransientError('ERR_GEMINI_REFUSED', 'HTTP 403');
};
/** Of the job, of a file's resource, and of a file. */
const ODD_JOBS = [NOT_FOUND, REFUSED, () => downloadOf([RUNNING]), () => downloadOf([WITHOUT_OUTPUTS])];
const ODD_FILES = [REFUSED, () => downloadOf(['{"state":"PROCESSING"}'])];
const ODD_DOWNLOADS = [NOT_FOUND, REFUSED];
type OddAnswer = () => FileDownload | undefined;

/** Everything that outlives a process. */
class World {
  readonly objects = new Map<string, string>();
  readonly manifests = new Map<string, Manifest>();
  readonly openUploads = new Set<object>();
  readonly published: BusEvent[] = [];
  readonly failures: string[] = [];
  hasCrashed = false;
  oddAnswersLeft: number;
  readonly #choose: Choose;
  #readings = 0;

  constructor(maxOddAnswers: number, choose: Choose) {
    this.oddAnswersLeft = maxOddAnswers;
    this.#choose = choose;
  }

  /** What Gemini answers this time. */
  answer(usual: OddAnswer, odd: readonly OddAnswer[]): FileDownload | undefined {
    const chosen = this.oddAnswersLeft > 0 ? odd[this.#choose(odd.length + 1) - 1] : undefined;
    if (chosen === undefined) return usual();
    this.oddAnswersLeft -= 1;
    return chosen();
  }

  /** The number of this reading. */
  read(): number {
    this.#readings += 1;
    return this.#readings;
  }
}

/** Calls that touch nothing that others see: in whatever order they happen, the runs are the same. */
const PRIVATE = ['get', 'download', 'write', 'read'];

/** @throws when an invariant is broken in this run */
export async function runFetcherModel(options: FetcherModelOptions, choose: Choose): Promise<void> {
  const world = new World(options.maxOddAnswers, choose);
  const processes: Process[] = [];
  let faultsLeft = options.maxFaults;
  const stepOf = async (candidates: readonly Process[], names?: readonly string[]) => {
    const made = await step(choose, candidates, faultsLeft, names);
    if (made === undefined) return;
    faultsLeft -= Number(made.outcome !== 'ok');
    world.hasCrashed ||= made.outcome === 'crash';
    while (made.process.waitsAt(PRIVATE)) await stepOf([made.process], PRIVATE);
    check(world);
  };
  for (;;) {
    const inFlight = processes.some(({ isInFlight }) => isInFlight);
    const canStart = processes.length < options.fetches;
    if (!inFlight && !canStart) break;
    if (canStart && (!inFlight || choose(2) === 0)) {
      const process = new Process();
      processes.push(process);
      await process.start(() => fetchOnce(world, process));
      while (process.waitsAt(PRIVATE)) await stepOf([process], PRIVATE);
    } else {
      await stepOf(processes);
    }
  }
  await redeliver(world);
}

async function fetchOnce(world: World, process: Process): Promise<void> {
  await fetchOutputs(portsOf(world, process), batchJob, EVENT, { number: 1, isLast: false, signal: LIVE });
}

/** What holds at every moment. */
function check(world: World): void {
  for (const [key, { objects }] of world.manifests) {
    if (objects.length !== (key === MANIFEST ? 2 : 1)) world.failures.push('a manifest without its objects');
    for (const { key, sha256 } of objects)
      if (sha256 !== sha256Of(world.objects.get(key))) world.failures.push(`${key} is not what the manifest says`);
  }
  const responses = world.objects.get(RESPONSES) ?? '';
  if (world.manifests.has(MANIFEST) && responses.split('\n').length !== 3)
    world.failures.push('a manifest beside half a file');
  for (const { detailType, detail } of world.published) {
    if (detailType !== 'output.stored') world.failures.push('given up');
    else if (!('manifestKey' in detail && world.manifests.has(String(detail.manifestKey))))
      world.failures.push('announced without a manifest');
  }
}

/** The queue delivers the message again, and nothing fails but what the code itself does wrong. */
async function redeliver(world: World): Promise<void> {
  world.oddAnswersLeft = 0;
  const process = new Process();
  await process.start(() => fetchOnce(world, process));
  await process.runOn();
  check(world);
  if (!world.manifests.has(MANIFEST)) world.failures.push('never stored');
  const isAnnounced = world.published.some(({ detail }) => 'manifestKey' in detail && detail.manifestKey === MANIFEST);
  if (!isAnnounced) world.failures.push('never announced');
  if (world.openUploads.size > 0 && !world.hasCrashed) world.failures.push('an upload was left open');
  const [first] = world.failures;
  if (first !== undefined) throw new Error(first);
}

function portsOf(world: World, process: Process): FetchOutputsPorts {
  const away = () => new TransientError('ERR_STORE_UNAVAILABLE', 'away');
  return {
    geminiOf: () => ({
      get: (path) => {
        const isJob = path === 'batches/abc';
        const usual = () => (isJob ? downloadOf([jobAt(world.read())]) : undefined);
        return process.call('get', () => world.answer(usual, isJob ? ODD_JOBS : ODD_FILES), away);
      },
      // An answer that breaks off unnoticed is the way in which this call fails without an error.
      download: () => {
        const answer = () => world.answer(() => downloadOf(partsAt(world.read())), ODD_DOWNLOADS);
        return process.call('download', answer, away, downloadOf(['{"key":"1"}\n'], 24));
      },
    }),
    store: {
      bucket: 'outputs',
      partBytes: 1_000_000,
      open: (key) => open(world, process, key),
      read: (key) => process.call('read', () => objectOf(world, key), away),
      readManifest: (key) => process.call('readManifest', () => world.manifests.get(key), away),
      writeManifest: (key, manifest) => process.call('writeManifest', () => writeManifest(world, key, manifest), away),
    },
    publisher: {
      publish: (event) => process.call('publish', () => void world.published.push(event), away),
    },
    // So late that outputs which the job does not name are not waited for any more.
    clock: () => LATER,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { count: () => {}, seconds: () => {} },
    wait: async () => {},
    ledger: NO_LEDGER,
    retentionMs: 48 * 3600_000,
    maxOutputBytes: 1_000_000,
  };
}

function downloadOf(parts: readonly string[], bytes = Buffer.byteLength(parts.join(''))): FileDownload {
  async function* chunks() {
    for (const part of parts) yield Buffer.from(part);
  }
  return { chunks: chunks(), bytes, total: bytes, readRange: undefined };
}

function open(world: World, process: Process, key: string) {
  const away = () => new TransientError('ERR_STORE_UNAVAILABLE', 'away');
  const upload = {};
  const written: Buffer[] = [];
  world.openUploads.add(upload);
  return {
    writePart: async () => {},
    write: (chunk: Uint8Array) => process.call('write', () => void written.push(Buffer.from(chunk)), away),
    finish: () =>
      process.call(
        'finish',
        () => {
          const body = Buffer.concat(written).toString('utf8');
          world.openUploads.delete(upload);
          if (world.objects.has(key)) return undefined;
          world.objects.set(key, body);
          return { bytes: body.length, sha256: sha256Of(body) };
        },
        away,
      ),
    abort: async () => void world.openUploads.delete(upload),
  };
}

function objectOf(world: World, key: string) {
  const body = world.objects.get(key);
  return body === undefined ? undefined : downloadOf([body]);
}

const sha256Of = (body = '') => createHash('sha256').update(body).digest('hex');

function writeManifest(world: World, key: string, manifest: Manifest): boolean {
  if (world.manifests.has(key)) return false;
  world.manifests.set(key, manifest);
  return true;
}
