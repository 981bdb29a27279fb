/** The Gemini projects of a deployment, as its outputs name them. */
import { DEFAULT_SOURCE, pathsOf } from '../lambda/contract.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import type { Deployment } from './deployment.ts';

export interface Source {
  readonly name: string;
  /** `AcmeEu` in logical ids. */
  readonly part: string;
  readonly webhookUrl: string;
  /** Undefined for a deployment of an older version. */
  readonly apiKeySecretName: string | undefined;
}

const OUTPUT = /^WebhookUrl(.*)$/;
const OF_A_SOURCE = new RegExp(`${pathsOf('(name)').static.replace('(name)', '([a-z0-9-]+)')}$`);

export function sourcesOf({ outputs }: Deployment): readonly Source[] {
  return Object.entries(outputs).flatMap(([output, webhookUrl]) => {
    const suffix = OUTPUT.exec(output)?.[1];
    if (suffix === undefined) return [];
    const name = OF_A_SOURCE.exec(webhookUrl)?.[1] ?? DEFAULT_SOURCE;
    const part = suffix === '' ? 'Default' : suffix;
    return [{ name, part, webhookUrl, apiKeySecretName: outputs[`ApiKeySecretName${suffix}`] }];
  });
}

/** Those that `--source` names: all without it. @throws CliError when there is no such */
export function chosenSources({ deployment, source }: CommandContext): readonly Source[] {
  const all = sourcesOf(deployment);
  const chosen = all.filter(({ name }) => source === undefined || name === source);
  if (chosen.length > 0) return chosen;
  const names = all.map(({ name }) => name).join(', ');
  throw new CliError(
    `The stack ${deployment.stackName} has no source ${source ?? ''}. Give one of ${names} with --source.`,
    2,
  );
}

/** The one that is meant: the only one, or `default`, or as `--source` says. @throws CliError when that is not clear */
export function chosenSource(context: CommandContext): Source {
  const chosen = chosenSources(context);
  const [only] = chosen;
  const meant = chosen.length === 1 ? only : chosen.find(({ name }) => name === DEFAULT_SOURCE);
  if (meant !== undefined) return meant;
  throw new CliError(
    `There are several sources: ${chosen.map(({ name }) => name).join(', ')}. Choose one with --source.`,
    2,
  );
}
