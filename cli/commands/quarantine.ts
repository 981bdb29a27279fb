/** `quarantine list | show | reverify`: deliveries that did not verify when they came. */

import { formOfHeader } from '../../lambda/receive/form.ts';
import { DynamoDbQuarantine } from '../../lambda/receive/quarantine.client.ts';
import type { KeptDelivery } from '../../lambda/receive/quarantined.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, show } from '../context.ts';
import type { Deployment } from '../deployment.ts';
import { invoke } from '../invoke.ts';
import { chosenProjects } from '../projects.ts';

export const QUARANTINE_ACTIONS = ['list', 'show', 'reverify'] as const;

/** @param id of the one to show */
export async function quarantine(
  context: CommandContext,
  action: (typeof QUARANTINE_ACTIONS)[number],
  id: string | undefined,
): Promise<void> {
  const { quarantineTable, reverifier } = context.deployment.description;
  if (quarantineTable === undefined || reverifier === undefined) {
    throw new CliError(
      'This deployment keeps no quarantine. Deploy it with the prop quarantine, which is {} for its defaults.',
    );
  }
  if (action === 'show') return await showOne(context, quarantineTable, id);
  if (id !== undefined) throw new CliError(`"quarantine ${action}" takes no id: leave ${id} out.`, 2);
  if (action === 'list') return await list(context, quarantineTable);
  if (context.project !== undefined) {
    throw new CliError('What is quarantined is verified once more for all projects: leave --project out.', 2);
  }
  const answer = await invoke<{ readonly deliveries?: readonly Reverified[] }>(context.deployment, reverifier, {
    action,
  });
  if (answer === undefined) {
    throw new CliError(
      `The function failed. Its log says why; call the command again afterwards.\n  aws logs tail ${reverifier.logGroup} --since 10m`,
      3,
    );
  }
  show(
    context,
    (answer.deliveries ?? []).map(({ id, project, receivedAt, outcome = '' }) => ({
      ...{ id, project: project, receivedAt, outcome },
    })),
    [
      { title: 'received', text: ({ receivedAt }) => receivedAt },
      { title: 'project', text: ({ project }) => project, drop: 1 },
      { title: 'id', text: ({ id }) => id },
      { title: 'outcome', text: ({ outcome }) => outcome },
    ],
    'The quarantine is empty.',
  );
}

interface Reverified {
  readonly id: string;
  readonly project: string;
  readonly receivedAt: string;
  /** `accepted`, `duplicate`, `in-progress`, or the code of why it is invalid. */
  readonly outcome?: string;
}

export async function readQuarantine(
  { clients }: Deployment,
  tableName: string,
  now: Date,
): Promise<readonly KeptDelivery[]> {
  // Nothing is kept from here: the bounds are those of the verifier.
  const table = new DynamoDbQuarantine({ client: clients.dynamodb, tableName, ttlSeconds: 0, maxPerHour: 0 });
  const kept: KeptDelivery[] = [];
  for await (const delivery of table.list(now)) kept.push(delivery);
  return kept;
}

async function read(context: CommandContext, tableName: string): Promise<readonly KeptDelivery[]> {
  const projects = chosenProjects(context).map(({ name }) => name);
  const kept = await readQuarantine(context.deployment, tableName, context.now);
  return kept
    .filter(({ project }) => projects.includes(project))
    .toSorted((a, b) => b.receivedAt.getTime() - a.receivedAt.getTime());
}

async function list(context: CommandContext, tableName: string): Promise<void> {
  const rows = (await read(context, tableName)).map((kept) => ({
    ...{ id: kept.id, project: kept.project, route: kept.kind, receivedAt: kept.receivedAt.toISOString() },
    ...{ bytes: kept.body.length, why: reasonOf(kept) },
  }));
  show(
    context,
    rows,
    [
      { title: 'received', text: ({ receivedAt }) => receivedAt.slice(0, 19) },
      { title: 'id', text: ({ id }) => id },
      { title: 'why', text: ({ why }) => why, below: true },
      { title: 'route', text: ({ route }) => route, drop: 1 },
      { title: 'bytes', text: ({ bytes }) => String(bytes), drop: 2 },
      { title: 'project', text: ({ project }) => project, drop: 3 },
    ],
    'The quarantine is empty.',
  );
}

async function showOne(context: CommandContext, tableName: string, id: string | undefined): Promise<void> {
  if (id === undefined) {
    throw new CliError('"quarantine show" needs an id; "gemini-webhooks quarantine list" shows them.', 2);
  }
  const found = (await read(context, tableName)).find((kept) => kept.id === id);
  if (found === undefined) {
    throw new CliError(`The quarantine has no delivery ${id}. "gemini-webhooks quarantine list" shows what it has.`);
  }
  const rows = [
    { name: 'route', form: found.kind },
    { name: 'received', form: found.receivedAt.toISOString() },
    ...Object.entries(found.headers).map(([name, value]) => ({ name, form: formOfHeader(name, value) })),
    { name: 'body', form: `${found.body.length} bytes` },
    { name: 'why', form: reasonOf(found) },
  ];
  show(context, rows, [
    { title: 'name', text: ({ name }) => name },
    { title: 'form', text: ({ form }) => form, below: true },
  ]);
}

/** What each route verifies. */
const SCHEMES = { static: 'v1', dynamic: 'v1a' } as const;

/** As far as its headers show: neither secret nor body is looked at. */
function reasonOf({ kind, headers }: KeptDelivery): string {
  const entries = (headers['webhook-signature'] ?? '').split(' ').filter(Boolean);
  const expected = SCHEMES[kind];
  if (entries.some((entry) => entry.startsWith(`${expected},`))) {
    return `its ${expected} signature does not match: made with another key, or over another body`;
  }
  return `no ${expected} signature, which the ${kind} route needs`;
}
