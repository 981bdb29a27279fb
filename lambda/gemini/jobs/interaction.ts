/**
 * Interactions: model calls in the background, Deep Research, and Omni video. Outputs are content blocks of steps, with
 * their media inline or in files. https://ai.google.dev/gemini-api/docs/interactions
 */
import * as z from 'zod/mini';
import type { Failure } from '../../events/manifest.ts';
import { PermanentError, TransientError } from '../../shared/errors.ts';
import { type JsonPath, pointerOf } from '../json/walk.ts';
import { extensionOf, mediaTypeOf } from '../media-type.ts';
import { dateOf, environmentFileId, fileIdOf, interactionId } from '../names.ts';
import { failureOf, lenient } from './job-error.ts';
import type { FileOutput, InlineMedia, JobKind, JobState, OutputPlan } from './job-type.ts';

/** Everything else has ended, statuses that did not exist when this was written included. */
const RUNNING = ['queued', 'in_progress', 'requires_continuation'];
/** What the caller sent; the media in it are the caller's own. */
const INPUT_STEPS = ['user_input', 'function_result', 'function_call'];
/** Where a step holds content blocks; `outputs` of the Lyria models are blocks themselves. */
const BLOCK_LISTS = ['content', 'result'];
const MEDIA = ['image', 'audio', 'video', 'document'];

const record = z.record(z.string(), z.unknown());
const text = lenient(z.string());
const items = z.catch(z.array(z.unknown()), []);
const Block = z.looseObject({ type: text, data: text, uri: text, mime_type: text });
const Step = z.looseObject({ type: text });
const Interaction = z.looseObject({
  id: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,512}$/)),
  status: z.string().check(z.regex(/^[a-z0-9_]{1,40}$/)),
  model: text,
  agent: text,
  environment_id: z.optional(z.unknown()),
  usage: lenient(record),
  errors: items,
  steps: items,
  outputs: items,
});
type Interaction = z.infer<typeof Interaction>;

export const interactionJob: JobKind = {
  jobType: 'interaction',
  resourcePaths: (jobId) => [`interactions/${interactionId(jobId)}?stream=false`],
  isBulk,
  stateOf: (outline) => stateOf(parseInteraction(outline)),
  plan: planInteraction,
};

/** Of a step and of a block: what a plan is made of. A run of a thousand tool steps is large for the rest. */
const OF_STEPS = ['type', 'error', ...BLOCK_LISTS];
const OF_BLOCKS = ['type', 'uri', 'mime_type'];

function isBulk(path: JsonPath): boolean {
  const [list, , member, , ofBlock] = path;
  if (list === 'outputs') return path.length === 3 && !OF_BLOCKS.includes(String(member));
  if (list !== 'steps') return false;
  if (path.length === 3) return !OF_STEPS.includes(String(member));
  return path.length === 5 && member !== 'error' && !OF_BLOCKS.includes(String(ofBlock));
}

function parseInteraction(outline: unknown): Interaction {
  const parsed = Interaction.safeParse(outline);
  if (parsed.success) return parsed.data;
  throw new PermanentError('ERR_OUTPUT_INVALID', 'What Gemini answered is not an interaction');
}

function stateOf(interaction: Interaction): JobState {
  const { id, status } = interaction;
  return {
    jobName: id,
    status,
    hasEnded: !RUNNING.includes(status),
    createdAt: dateOf(interaction['created']),
    endedAt: dateOf(interaction['updated']),
    displayName: null,
    error: errorOf(interaction),
  };
}

function planInteraction(outline: unknown): OutputPlan {
  const interaction = parseInteraction(outline);
  const { hasEnded, ...state } = stateOf(interaction);
  if (!hasEnded) throw new TransientError('ERR_OUTPUT_NOT_READY', `The interaction is ${state.status}`);
  const blocks = blocksOf(interaction);
  const made = blocks.filter(({ isInput }) => !isInput);
  const { media, files, notes } = planMedia(made);
  const environment = planEnvironment(interaction);
  const texts = textPointers(blocks);
  const omitted = new Set([...media.map(({ pointer }) => pointer), ...inputMedia(blocks)]);
  return {
    ...state,
    model: interaction.model ?? interaction.agent ?? null,
    usage: interaction.usage ?? null,
    counts: {},
    notes: [...notes, ...environment.notes],
    missing:
      state.status === 'completed' && !made.some(isOutput) && environment.files.length === 0
        ? 'The interaction is completed, but has no output'
        : undefined,
    resourceObject: 'interaction.json',
    omit: (path) => path.at(-1) === 'data' && omitted.has(pointerOf(path)),
    lines: undefined,
    text:
      texts.size > 0
        ? { choose: (path) => path.at(-1) === 'text' && texts.has(pointerOf(path)), sectionDepth: 1 }
        : undefined,
    media,
    files: [...files, ...environment.files],
  };
}

/** A managed agent's files, as a tar. https://ai.google.dev/gemini-api/docs/agent-environment */
function planEnvironment({ environment_id: id, status }: Interaction): Pick<OutputPlan, 'files' | 'notes'> {
  // The run goes on with it when it has its answer.
  if (id === undefined || status === 'requires_action') return { files: [], notes: [] };
  const fileId = environmentFileId(id);
  if (fileId === undefined) return { files: [], notes: ['The id of the environment makes no sense'] };
  const name = () => 'environment.tar';
  return { files: [{ fileId, name, contentType: 'application/x-tar', isLines: false, isOptional: true }], notes: [] };
}

/** What the model made, blocks of kinds that nobody knows yet included. */
function isOutput({ stepType, block }: PlacedBlock): boolean {
  return stepType === 'model_output' || MEDIA.includes(String(block.type));
}

interface PlacedBlock {
  readonly block: z.infer<typeof Block>;
  readonly path: JsonPath;
  readonly stepType: string | undefined;
  readonly isInput: boolean;
}

function blocksOf({ steps, outputs }: Interaction): PlacedBlock[] {
  const ofSteps = steps.flatMap((value, index) => {
    const step = Step.safeParse(value);
    if (!step.success) return [];
    const { type } = step.data;
    const isInput = INPUT_STEPS.includes(String(type));
    return BLOCK_LISTS.flatMap((list) => placed(step.data[list], ['steps', index, list], type, isInput));
  });
  return [...ofSteps, ...placed(outputs, ['outputs'], 'model_output', false)];
}

function placed(list: unknown, path: JsonPath, stepType: string | undefined, isInput: boolean): PlacedBlock[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) => {
    const block = Block.safeParse(value);
    return block.success ? [{ block: block.data, path: [...path, index], stepType, isInput }] : [];
  });
}

/** In the order of the document, numbered for each type: `image-00.png`, `image-01.png`, `video-00.mp4`. */
function planMedia(blocks: readonly PlacedBlock[]): { media: InlineMedia[]; files: FileOutput[]; notes: string[] } {
  const media: InlineMedia[] = [];
  const files: FileOutput[] = [];
  const notes: string[] = [];
  const numbers = new Map<string, number>();
  const nameNext = (type: string) => {
    const number = numbers.get(type) ?? 0;
    numbers.set(type, number + 1);
    return (contentType: string) => `${type}-${String(number).padStart(2, '0')}.${extensionOf(contentType)}`;
  };
  for (const { block, path } of blocks) {
    const { data, uri, mime_type } = block;
    const type = MEDIA.find((known) => known === block.type);
    if (type === undefined) continue;
    const fileId = fileIdOf(uri);
    if (data !== undefined) {
      const contentType = mediaTypeOf(mime_type);
      media.push({ pointer: pointerOf([...path, 'data']), name: nameNext(type)(contentType), contentType });
    } else if (fileId !== undefined) {
      files.push({ fileId, name: nameNext(type), contentType: mime_type, isLines: false, isOptional: false });
    } else if (uri !== undefined) {
      notes.push(`${pointerOf(path)}: the URI names no file at Gemini and is not fetched`);
    }
  }
  return { media, files, notes };
}

function textPointers(blocks: readonly PlacedBlock[]): ReadonlySet<string> {
  return new Set(
    blocks
      .filter(
        ({ stepType, path, block }) => stepType === 'model_output' && block.type === 'text' && path[2] !== 'result',
      )
      .map(({ path }) => pointerOf([...path, 'text'])),
  );
}

/** What the caller sent is kept out of the bucket, as far as it is media. */
function inputMedia(blocks: readonly PlacedBlock[]): string[] {
  return blocks
    .filter(({ isInput, block }) => isInput && block.data !== undefined && MEDIA.includes(String(block.type)))
    .map(({ path }) => pointerOf([...path, 'data']));
}

/** `errors` of the interaction, else the google.rpc.Status of a step. */
function errorOf({ errors, steps }: Interaction): Failure | null {
  const ofSteps = steps.map((step) => record.safeParse(step).data?.['error']);
  return [...errors, ...ofSteps].map(failureOf).find((failure) => failure !== null) ?? null;
}
