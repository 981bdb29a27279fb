/** `repair`: has the health checks set right what they find at Gemini, and looks once more. */
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { checkHealth, describeHealth, HEALTH_REMEDY, isHealthy } from '../health.ts';
import { chosenSources } from '../sources.ts';

export async function repair(context: CommandContext): Promise<void> {
  const { deployment } = context;
  const sources = chosenSources(context);
  const names = sources.map(({ name }) => name).join(', ');
  await confirm(context, `Set the webhook at Gemini right, as it was deployed, of ${names}?`);
  const rows: string[][] = [];
  let unwell = 0;
  for (const source of sources) {
    const found = await checkHealth(deployment, source, { repair: true });
    const now = await checkHealth(deployment, source);
    if (!isHealthy(now)) unwell += 1;
    rows.push([source.name, describeHealth(found), describeHealth(now)]);
  }
  show(context, ['source', 'found', 'now'], rows, '');
  if (unwell === 0) return;
  throw new CliError(
    `${unwell} of ${sources.length} could not be set right. ${HEALTH_REMEDY} says what each finding needs; the log of the health check (part HealthCheckLogs) says why.`,
  );
}
