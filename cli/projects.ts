/** The Gemini projects of a deployment that a command is about. */
import { DEFAULT_PROJECT } from '../lambda/contract.ts';
import type { DescribedProject } from '../lambda/deployment-description.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './context.ts';

/** Those that `--project` names: all without it. @throws CliError when there is no such */
export function chosenProjects({ deployment, project }: CommandContext): readonly DescribedProject[] {
  const all = deployment.description.projects;
  const chosen = all.filter(({ name }) => project === undefined || name === project);
  if (chosen.length > 0) return chosen;
  const names = all.map(({ name }) => name).join(', ');
  throw new CliError(
    `The stack ${deployment.stackName} has no project ${project ?? ''}. Give one of ${names} with --project.`,
    2,
  );
}

/** The one that is meant: the only one, or `default`, or as `--project` says. @throws CliError when that is not clear */
export function chosenProject(context: CommandContext): DescribedProject {
  const chosen = chosenProjects(context);
  const [only] = chosen;
  const meant = chosen.length === 1 ? only : chosen.find(({ name }) => name === DEFAULT_PROJECT);
  if (meant !== undefined) return meant;
  throw new CliError(
    `There are several projects: ${chosen.map(({ name }) => name).join(', ')}. Choose one with --project.`,
    2,
  );
}
