/** `repair`: has the health checks set right what they find at Gemini, and looks once more. */
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { checkHealth, describeHealth, HEALTH_REMEDY, isHealthy } from '../health.ts';
import { chosenProjects } from '../projects.ts';

export async function repair(context: CommandContext): Promise<void> {
  const { deployment } = context;
  const projects = chosenProjects(context);
  const names = projects.map(({ name }) => name).join(', ');
  await confirm(context, `Set the webhook at Gemini right, as it was deployed, of ${names}?`);
  const rows: { project: string; found: string; now: string; isHealthy: boolean; logGroup: string }[] = [];
  for (const project of projects) {
    const found = await checkHealth(deployment, project, { repair: true });
    const now = await checkHealth(deployment, project);
    rows.push({
      project: project.name,
      ...{ found: describeHealth(found), now: describeHealth(now), isHealthy: isHealthy(now) },
      logGroup: project.healthCheck.logGroup,
    });
  }
  show(context, rows, [
    { title: 'project', text: ({ project }) => project },
    { title: 'found', text: ({ found }) => found, below: true },
    { title: 'now', text: ({ now }) => now, below: true },
  ]);
  const [unwell, ...others] = rows.filter((row) => !row.isHealthy);
  if (unwell === undefined) return;
  throw new CliError(
    `${others.length + 1} of ${projects.length} could not be set right. ${HEALTH_REMEDY} says what each finding needs. The log of the health check says why:\n  aws logs tail ${unwell.logGroup} --since 10m`,
  );
}
