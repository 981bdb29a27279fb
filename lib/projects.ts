/** The Gemini projects of a deployment. */
import type { SubscribableEvent } from '../lambda/contract.ts';

/** A Gemini project whose jobs are received. */
export interface GeminiProject {
  /**
   * Stands in the route, in the events, in the S3 keys and in the metrics. `default` has the short route.
   */
  readonly name: string;

  /**
   * Name of the secret that holds the project's API key, as a plain string. It is not part of the stack.
   *
   * @default - `gemini-webhooks/api-key` for the project `default`, `gemini-webhooks/<name>/api-key` for others
   */
  readonly apiKeySecretName?: string;

  /**
   * Events for which the static webhook is registered. Jobs with a webhook of their own are not concerned.
   *
   * @default - all seven that Gemini offers
   */
  readonly subscribedEvents?: readonly SubscribableEvent[];
}

export interface ResolvedProject {
  readonly name: string;
  readonly apiKeySecretName: string;
  readonly subscribedEvents: readonly SubscribableEvent[];
}

/** `acme-eu` as a part of a construct id: `AcmeEu`. */
export function pascal(name: string): string {
  return name
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

/** What projects may not have in common, each with what to do. */
export function projectFaults(projects: readonly ResolvedProject[]): string[] {
  const faults: string[] = [];
  for (const name of repeated(projects.map((project) => project.name))) {
    faults.push(`two projects have the name ${JSON.stringify(name)}; give each its own.`);
  }
  const names = [...new Set(projects.map((project) => project.name))];
  for (const id of repeated(names.map(pascal))) {
    const alike = names.filter((name) => pascal(name) === id).map((name) => JSON.stringify(name));
    faults.push(
      `the project names ${alike.join(' and ')} differ by dashes alone, which no logical id shows; rename one.`,
    );
  }
  for (const name of repeated(projects.map((project) => project.apiKeySecretName))) {
    faults.push(
      `two projects take their API key from ${JSON.stringify(name)}; they would be one project, and every event would come twice.`,
    );
  }
  return faults;
}

function repeated(names: readonly string[]): Set<string> {
  return new Set(names.filter((name, index) => names.indexOf(name) !== index));
}
