/**
 * The landing of a file that outlives its process: fetches of one job, one after the other or two at a time, that go on with
 * each other's upload. Every call may succeed, fail without effect, take effect and lose its answer, or be the last thing that
 * the process does; a download may end with the time of the function. Each chunk is a part, and nothing is an upload's but what
 * is in the store and in the table of landings.
 */
import { batchJob } from '../../lambda/app/fetch-batch.ts';
import { type FetchOutputsPorts, fetchOutputs } from '../../lambda/app/fetch-outputs.ts';
import type { FileDownload, ResumableOptions, UploadState } from '../../lambda/app/ports.ts';
import { TransientError } from '../../lambda/domain/errors.ts';
import type { BusEvent } from '../../lambda/domain/job-event.ts';
import type { LandingProgress } from '../../lambda/domain/landing-progress.ts';
import type { Manifest } from '../../lambda/domain/manifest.ts';
import { LIVE, NOW } from '../fakes/fetch-ports.ts';
import type { Choose } from './explore.ts';
import { EVENT, FILE, JOB, MANIFEST, PARTS, RESPONSES } from './fetched-job.ts';
import { Process, step } from './process.ts';

export interface LandingModelOptions {
  /** One after the other. */
  readonly fetches: number;
  /** Of all fetches together. */
  readonly maxFaults: number;
  /** After one whose time ran out, two at the same time go on with its upload: their calls in every order. */
  readonly overlap: boolean;
}

interface Upload {
  readonly parts: Map<number, string>;
}

/** Everything that outlives a process. */
class World {
  readonly objects = new Map<string, string>();
  readonly manifests = new Map<string, Manifest>();
  readonly uploads = new Map<string, Upload>();
  readonly landings = new Map<string, LandingProgress>();
  readonly published: BusEvent[] = [];
  readonly failures: string[] = [];
  /** Uploads that nobody could know of: what creates one died with it, or lost its id. */
  orphans = 0;
  made = 0;
}

/** Calls that touch nothing that others see. */
const PRIVATE = ['get', 'download', 'publish'];

/** @throws when an invariant does not hold in this run */
export async function runLandingModel(options: LandingModelOptions, choose: Choose): Promise<void> {
  const world = new World();
  let faultsLeft = options.maxFaults;
  const advance = async (processes: readonly Process[]) => {
    const made = await step(choose, processes, faultsLeft);
    if (made === undefined) return;
    faultsLeft -= Number(made.outcome !== 'ok');
    world.orphans += Number(made.name === 'createUpload' && ['lost', 'crash'].includes(made.outcome));
    check(world);
  };
  for (let fetch = 0; fetch < options.fetches; fetch += 1) {
    const process = await begin(world);
    while (process.isInFlight) await advance([process]);
  }
  if (options.overlap) {
    const process = await begin(world);
    while (process.isInFlight) {
      const { pending } = process;
      await pending?.proceed(pending.name === 'download' ? 'fail' : 'ok');
    }
    const both = [await begin(world), await begin(world)];
    while (both.some(({ isInFlight }) => isInFlight)) {
      const own = both.find(({ isInFlight, pending }) => isInFlight && PRIVATE.includes(pending?.name ?? ''));
      await advance(own === undefined ? both : [own]);
    }
  }
  const last = await begin(world);
  while (last.isInFlight) await last.pending?.proceed('ok');
  check(world);
  if (world.objects.get(RESPONSES) !== FILE || !world.manifests.has(MANIFEST)) world.failures.push('never landed');
  if (!world.published.some(({ detailType }) => detailType === 'output.stored')) world.failures.push('never announced');
  if (world.uploads.size > world.orphans) world.failures.push('an upload was left open');
  const [first] = world.failures;
  if (first !== undefined) throw new Error(first);
}

async function begin(world: World): Promise<Process> {
  const process = new Process();
  await process.start(() =>
    fetchOutputs(portsOf(world, process), batchJob, EVENT, { number: 1, isLast: false, signal: LIVE }),
  );
  return process;
}

/** What holds at every moment. */
function check(world: World): void {
  const body = world.objects.get(RESPONSES);
  if (body !== undefined && body !== FILE) world.failures.push('half a file can be seen');
  if (world.manifests.size > 0 && body === undefined) world.failures.push('a manifest without its object');
  for (const { objects } of world.manifests.values()) {
    const listed = objects.find(({ key }) => key === RESPONSES);
    if (listed?.bytes !== FILE.length) world.failures.push('a manifest that does not list the file as it is');
  }
}

const away = () => new TransientError('ERR_STORE_UNAVAILABLE', 'away');
const gone = () => new TransientError('ERR_STORE_UNAVAILABLE', 'NoSuchUpload');

function portsOf(world: World, process: Process): FetchOutputsPorts {
  const { landings, manifests } = world;
  return {
    geminiOf: () => ({
      get: (path) => process.call('get', () => (path === 'batches/abc' ? jobDownload() : undefined), away),
      download: (_fileId, _signal, offset = 0) =>
        process.call('download', () => fileDownload(offset), away, fileDownload(offset, { untilTime: true })),
    }),
    landings: {
      load: (prefix) => process.call('load', () => structuredClone(landings.get(prefix)), away),
      save: (prefix, progress) =>
        process.call('save', () => void landings.set(prefix, structuredClone(progress)), away),
      forget: (prefix) => process.call('forget', () => void landings.delete(prefix), away),
    },
    store: {
      bucket: 'outputs',
      abort: async (_key, uploadId) => void world.uploads.delete(uploadId),
      open: (key, _type, _signal, resumable) =>
        resumable === undefined ? small(world, key) : large(world, process, key, resumable),
      readManifest: (key) => process.call('readManifest', () => manifests.get(key), away),
      writeManifest: (key, manifest) =>
        process.call(
          'writeManifest',
          () => {
            const isFirst = !manifests.has(key);
            if (isFirst) manifests.set(key, manifest);
            return isFirst;
          },
          away,
        ),
    },
    publisher: { publish: (event) => process.call('publish', () => void world.published.push(event), away) },
    clock: () => NOW,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { count: () => {}, seconds: () => {} },
    maxOutputBytes: 1_000_000,
  };
}

function jobDownload(): FileDownload {
  return { chunks: chunksOf([JOB]), bytes: undefined, offset: 0, total: undefined, etag: undefined };
}

/** @param untilTime whether the time of the function runs out after the first chunk */
function fileDownload(offset: number, { untilTime = false } = {}): FileDownload {
  const rest = FILE.slice(offset);
  const chunks = [rest.slice(0, PARTS[0]?.length), rest.slice(PARTS[0]?.length)].filter((chunk) => chunk !== '');
  const served = untilTime ? chunksOf(chunks.slice(0, 1), true) : chunksOf(chunks);
  return { chunks: served, bytes: undefined, offset, total: FILE.length, etag: undefined };
}

async function* chunksOf(chunks: readonly string[], untilTime = false) {
  for (const chunk of chunks) yield Buffer.from(chunk);
  if (untilTime) throw new TransientError('ERR_FETCH_TIMED_OUT', 'The time of the function ran out');
}

/** The job's resource: the other model is about such objects. */
function small(world: World, key: string) {
  const written: Buffer[] = [];
  return {
    write: async (chunk: Uint8Array) => void written.push(Buffer.from(chunk)),
    finish: async () => {
      const body = Buffer.concat(written).toString('utf8');
      world.objects.set(key, body);
      return { bytes: body.length, sha256: '' };
    },
    abort: async () => {},
    suspend: async () => undefined,
  };
}

function large(world: World, process: Process, key: string, { from, observer, checkpoint }: ResumableOptions) {
  let state: UploadState | undefined = from;
  let isGone = false;
  const lookUp = (uploadId: string): Upload => {
    const upload = world.uploads.get(uploadId);
    if (upload !== undefined) return upload;
    isGone = true;
    throw gone();
  };
  const startUpload = () =>
    process.call(
      'createUpload',
      () => {
        world.made += 1;
        world.uploads.set(`upload-${world.made}`, { parts: new Map() });
        return `upload-${world.made}`;
      },
      away,
    );
  const complete = ({ uploadId, etags }: UploadState): void => {
    const known = world.uploads.get(uploadId);
    // What an earlier completion left.
    if (known === undefined && world.objects.has(key)) return;
    const { parts } = lookUp(uploadId);
    world.objects.set(key, etags.map((_, index) => parts.get(index + 1)).join(''));
    world.uploads.delete(uploadId);
  };
  return {
    write: async (chunk: Uint8Array) => {
      if (state === undefined) {
        const uploadId = await startUpload();
        state = { uploadId, etags: [], bytes: 0, sha256: '', observer: observer?.save() };
        await checkpoint(state);
      }
      const { uploadId, etags, bytes } = state;
      observer?.write(chunk);
      const text = Buffer.from(chunk).toString('utf8');
      await process.call('part', () => void lookUp(uploadId).parts.set(etags.length + 1, text), away);
      state = {
        ...{ uploadId, etags: [...etags, 'etag'], bytes: bytes + chunk.length, sha256: '' },
        observer: observer?.save(),
      };
    },
    finish: async () => {
      const whole = state;
      if (whole === undefined) throw new Error('An empty file is not part of the model.');
      await checkpoint(whole);
      await process.call('complete', () => complete(whole), away);
      return { bytes: whole.bytes, sha256: '' };
    },
    abort: async () => void world.uploads.delete(state?.uploadId ?? ''),
    suspend: async () => (isGone ? undefined : state),
  };
}
