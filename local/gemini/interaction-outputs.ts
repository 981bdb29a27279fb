/**
 * The steps with which each kind of interaction ends.
 */
import { randomBytes } from 'node:crypto';
import { bytesContent, videoContent } from './file-content.ts';
import { randomId } from './ids.ts';
import { mp4, png, tone } from './media.ts';
import type { JobStatus, World } from './state.ts';

export const INTERACTION_SCENARIOS = [
  'text',
  'deep-research',
  'video-inline',
  'video-uri',
  'audio',
  'unknown-steps',
  'managed-agent',
  'requires-action',
  'failed',
  'incomplete',
  'budget-exceeded',
  'cancelled',
  'foreign',
] as const;
export type InteractionScenario = (typeof INTERACTION_SCENARIOS)[number];

export interface Ending {
  readonly status: Exclude<JobStatus, 'running'>;
  readonly steps: readonly object[];
  /** Of a managed agent, whose files are a tar. */
  readonly environmentId?: string;
  readonly errors?: readonly { readonly code: string; readonly message: string }[];
  /** Gemini's event type; undefined where nothing is pushed. */
  readonly event?: 'interaction.completed' | 'interaction.failed' | 'interaction.requires_action';
}

const VIDEO_BYTES = 200_000;

export function endingOf(world: World, scenario: InteractionScenario, prompt: string): Ending {
  switch (scenario) {
    case 'deep-research':
      return completed(report(prompt));
    case 'video-inline':
      return completed([media('video', 'video/mp4', Buffer.concat([...mp4(VIDEO_BYTES)]))]);
    case 'video-uri':
      return completed([videoByUri(world)]);
    case 'audio':
      return completed([media('audio', 'audio/L16;codec=pcm;rate=24000', tone())]);
    case 'unknown-steps':
      return unknownSteps(prompt);
    case 'managed-agent':
      return managedAgent(world, prompt);
    case 'requires-action':
      return {
        status: 'requires_action',
        steps: [thought(), ...functionCalls()],
        event: 'interaction.requires_action',
      };
    case 'failed': {
      const errors = [{ code: 'internal', message: 'The model could not finish the interaction.' }];
      return { status: 'failed', steps: [], errors, event: 'interaction.failed' };
    }
    // Which event these two cause is not documented; the job resource says what happened.
    case 'incomplete':
      return { ...completed([text(`An answer that breaks off: ${prompt}`)]), status: 'incomplete' };
    case 'budget-exceeded':
      return { ...completed([text(`As far as the budget went: ${prompt}`)]), status: 'budget_exceeded' };
    case 'cancelled':
      return { status: 'cancelled', steps: [] };
    case 'text':
    case 'foreign':
      return completed([text(`A simulated answer to: ${prompt}`)]);
    default:
      return scenario satisfies never;
  }
}

function completed(content: readonly object[]): Ending {
  return { status: 'completed', steps: [thought(), modelOutput(content)], event: 'interaction.completed' };
}

function thought(): object {
  return { type: 'thought', signature: randomBytes(24).toString('base64') };
}

function modelOutput(content: readonly object[]): object {
  return { type: 'model_output', content };
}

function text(value: string): object {
  return { type: 'text', text: value };
}

function media(type: 'image' | 'audio' | 'video', mimeType: string, bytes: Buffer): object {
  return { type, mime_type: mimeType, data: bytes.toString('base64') };
}

function report(prompt: string): object[] {
  return [
    text(`# Report\n\n${prompt}\n\n## Findings\n\nThree sources agree; the figure shows how much.\n\n`),
    media('image', 'image/png', png(320, 180)),
    text('## Outlook\n\nA second figure follows.\n'),
    media('image', 'image/png', png(160, 160)),
  ];
}

/** The file is PROCESSING for a while after the interaction is completed. */
function videoByUri(world: World): object {
  const { downloadSize, processingMs } = world.switches.current;
  const content = videoContent(downloadSize ?? VIDEO_BYTES);
  const file = world.files.generate(world.timers.now(), { mimeType: 'video/mp4', content, processingMs });
  return { type: 'video', mime_type: 'video/mp4', uri: `${world.url}/v1beta/${file.name}` };
}

/** https://ai.google.dev/gemini-api/docs/agent-environment */
function managedAgent(world: World, prompt: string): Ending {
  const environmentId = randomId(24);
  const content = bytesContent(Buffer.alloc(10_240, `What the agent made of: ${prompt}`));
  world.files.generate(world.timers.now(), {
    id: `environment-${environmentId}`,
    mimeType: 'application/x-tar',
    content,
  });
  return { ...completed([text(`Done: ${prompt}`)]), environmentId };
}

/** `tool_call` has been seen on the wire and is in no type of the SDK; a tool's result may hold media, too. */
function unknownSteps(prompt: string): Ending {
  const { steps, ...ending } = completed([text(`A simulated answer to: ${prompt}`)]);
  const image = media('image', 'image/png', png(32, 32));
  return {
    ...ending,
    steps: [
      { type: 'tool_call', id: 'call_1', payload: { nested: [1, 'two', null] } },
      { type: 'code_execution_result', call_id: 'call_1', result: [image, { type: 'hologram', depth: 3 }] },
      ...steps,
    ],
  };
}

function functionCalls(): object[] {
  return ['Paris', 'Oslo'].map((location, index) => ({
    type: 'function_call',
    id: `call${index + 1}`,
    name: 'getWeather',
    arguments: { location },
    signature: randomBytes(12).toString('base64'),
  }));
}
