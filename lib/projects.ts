/** The Gemini projects of a deployment, with every default filled in and everything that is wrong said at once. */
import { DEFAULT_PROJECT, PROJECT_NAME, SUBSCRIBABLE_EVENTS, type SubscribableEvent } from '../lambda/contract.ts';
import { nearest } from './nearest.ts';

/** Two ARNs of each are in the verifier's environment, which has 4 KB; this many fit with the longest names. */
const MAX_PROJECTS = 8;

/** A Gemini project whose jobs are received. */
export interface GeminiProject {
  /**
   * Stands in the route, in the events, in the S3 keys and in the metrics. Small letters, digits and single dashes, at
   * most 32, a letter first. `default` has the short route.
   */
  readonly name: string;

  /**
   * Name of the secret that holds the project's API key, as a plain string. It is not part of the stack.
   *
   * @default 'gemini-webhooks/api-key' for the project `default`, 'gemini-webhooks/<name>/api-key' for others
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

export function resolveProjects(projects: readonly GeminiProject[] = [{ name: DEFAULT_PROJECT }]): ResolvedProject[] {
  return projects.map(({ name, apiKeySecretName, subscribedEvents = SUBSCRIBABLE_EVENTS }) => ({
    name,
    apiKeySecretName:
      apiKeySecretName ?? (name === DEFAULT_PROJECT ? 'gemini-webhooks/api-key' : `gemini-webhooks/${name}/api-key`),
    subscribedEvents,
  }));
}

/** `acme-eu` as a part of a construct id: `AcmeEu`. */
export function pascal(name: string): string {
  return name
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

/** Each with what to do. */
export function projectFaults(projects: readonly ResolvedProject[]): string[] {
  const faults: string[] = [];
  if (projects.length === 0 || projects.length > MAX_PROJECTS) {
    faults.push(`there are ${projects.length} projects; give 1 to ${MAX_PROJECTS}.`);
  }
  for (const { name, subscribedEvents } of projects) {
    if (!PROJECT_NAME.test(name)) {
      faults.push(
        `the project name ${JSON.stringify(name)} is invalid; give small letters, digits and single dashes, at most 32, a letter first.`,
      );
    }
    if (subscribedEvents.length === 0) {
      faults.push(`the project ${name} subscribes to nothing; leave subscribedEvents out for all events.`);
    }
    for (const event of subscribedEvents.filter((one) => !SUBSCRIBABLE_EVENTS.includes(one))) {
      const meant = nearest(event, SUBSCRIBABLE_EVENTS);
      faults.push(
        `the project ${name} subscribes to ${JSON.stringify(event)}, which Gemini does not offer; ` +
          `${meant ? `did you mean ${meant}? ` : ''}It offers ${SUBSCRIBABLE_EVENTS.join(', ')}.`,
      );
    }
  }
  for (const name of repeated(projects.map((project) => project.name))) {
    faults.push(`two projects have the name ${JSON.stringify(name)}; give each its own.`);
  }
  const names = [...new Set(projects.map((project) => project.name))].filter((name) => PROJECT_NAME.test(name));
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
