/** The context of the app as the props of its stack: one key, `gemini-webhooks`, whose value has the props' own names. */
import * as z from 'zod';
import { faultsOf, fieldsOf, meant } from './field-faults.ts';
import { text } from './fields.ts';
import { jsonSchemaOfProps } from './props-schema.ts';
import { ConfigurationError } from './shared/configuration-error.ts';
import type { WebhooksStackProps } from './webhooks-stack.ts';

const CONTEXT_KEY = 'gemini-webhooks';

/** Also of docs/configuration.md. */
export const CONFIGURATION = jsonSchemaOfProps({
  stackName: text(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'letters, digits and dashes, a letter first, at most 128')
    .meta({ what: 'Name of the stack.' })
    .default('GeminiWebhooks'),
  tags: z
    .record(z.string(), text(/^.{0,256}$/, 'at most 256 characters'))
    .meta({ what: 'Tags of the stack, and so of everything in it that takes tags; `application` is there anyway.' })
    .default({}),
  encryptionKey: text(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, "the ARN of a key of KMS in the stack's Region")
    .meta({
      what: 'Encrypts bucket, queues, tables, topic, archive and logs. The policy of the key has to allow what docs/operate.md lists.',
    })
    .optional(),
});

export interface AppConfig extends WebhooksStackProps {
  readonly stackName: string;
}

/**
 * @param context every context value of the app; those of others are left alone
 * @throws ConfigurationError with everything that is invalid, and what to do
 */
export function parseConfig(context: Readonly<Record<string, unknown>>): AppConfig {
  const others = strayKeys(Object.keys(context));
  let given = context[CONTEXT_KEY] ?? {};
  try {
    // The command line has text alone.
    if (typeof given === 'string') given = JSON.parse(given);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    throw new ConfigurationError(`context "${CONTEXT_KEY}"`, [
      `the text is no JSON (${reason}); quote it for the shell.`,
    ]);
  }
  const { data, error } = CONFIGURATION.safeParse(given, { reportInput: true });
  const faults = [...(error === undefined ? [] : faultsOf(error, CONFIGURATION, given)), ...others];
  if (data === undefined || faults.length > 0) throw new ConfigurationError(`context "${CONTEXT_KEY}"`, faults);
  const { stackName, tags, encryptionKey: encryptionKeyArn, ...webhooks } = data;
  return { stackName, tags, encryptionKeyArn, webhooks };
}

/** Keys that look as if they were meant for this app, beside its one key. */
function strayKeys(keys: readonly string[]): string[] {
  const known = fieldsOf(CONFIGURATION).map(({ key }) => key);
  return keys.flatMap((key) => {
    if (key === CONTEXT_KEY) return [];
    const isOurs = /^gemini[-_ ]?webhooks?/i.test(key);
    // What has a namespace is somebody else's, such as the CDK's many feature flags; what has none is nobody's.
    if (!isOurs && !/^[a-z]+$/i.test(key)) return [];
    const remedy = meant(key.slice(key.indexOf(':') + 1), known);
    const isStray = isOurs || remedy.startsWith('did you mean');
    return isStray ? [`${key} is no context key of this app, which has "${CONTEXT_KEY}" alone; ${remedy}`] : [];
  });
}
