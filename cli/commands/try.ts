/** `try`: one small job with the deployment's own key, from its submission to its manifest. */

import { TOKEN_LENGTH } from '../../lambda/contract.ts';
import type { DescribedProject } from '../../lambda/deployment-description.ts';
import { createJobAnnouncer } from '../../lambda/submit-job.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { geminiOf, readSecret } from '../gemini.ts';
import type { TrialRow } from '../json-output.ts';
import { findManifests } from '../objects.ts';
import { chosenProject } from '../projects.ts';
import type { Column } from '../table.ts';
import { followTrial, type Trial } from '../trial/follow-trial.ts';
import { reportTrial } from '../trial/report.ts';
import { submitBatch, submitInteraction, type TrialJob } from '../trial/submit.ts';

export interface TryOptions {
  readonly batch: boolean;
  readonly dynamic: boolean;
  readonly report: boolean;
  readonly model: string;
  /** In seconds. */
  readonly timeout: number;
}

const COLUMNS: readonly Column<TrialRow>[] = [
  { title: '', text: ({ seconds }) => (seconds === null ? '✗' : '✓') },
  { title: 'job', text: ({ jobType }) => jobType },
  { title: 'step', text: ({ step }) => step },
  { title: 'seconds', text: ({ seconds }) => seconds?.toFixed(1) ?? '' },
  { title: 'detail', text: ({ detail }) => detail, drop: 1 },
];

export async function tryOut(context: CommandContext, options: TryOptions): Promise<void> {
  const { deployment, terminal } = context;
  const project = chosenProject(context);
  const what = options.batch ? 'a small interaction and a batch of one request' : 'one small interaction';
  terminal.note(
    `This submits ${what} to Gemini with the API key of the project ${project.name}; it costs next to nothing.`,
  );
  await confirm(context, 'Go on?');
  const gemini = await geminiOf(deployment, project.apiKeySecret);
  const dynamicUrl = options.dynamic ? await dynamicUrlOf(context, project) : undefined;
  const announce = createJobAnnouncer({
    client: deployment.clients.events,
    eventBusName: deployment.description.eventBusArn,
  });
  const trials: Trial[] = [];
  for (const submit of [submitInteraction, ...(options.batch ? [submitBatch] : [])]) {
    const job: TrialJob = await submit(gemini, { model: options.model, dynamicUrl });
    await announce({ ...job, project: project.name, submittedAt: context.clock() });
    const trial = await followTrial(context, project.name, job, options.timeout);
    terminal.progress('');
    trials.push(trial);
  }
  const rows = trials.flatMap(({ job, steps }) => steps.map((step): TrialRow => ({ ...job, ...step })));
  if (options.report) await reportTrial(context, { gemini, project, trials, model: options.model });
  else show(context, rows, COLUMNS);
  const faults: string[] = [];
  for (const trial of trials) faults.push(...(await faultsOf(context, trial)));
  if (faults.length > 0) throw new CliError(faults.join('\n'));
  terminal.note('It works: a webhook reported every job, and the outputs are stored.');
}

async function dynamicUrlOf(
  { deployment }: CommandContext,
  { webhookUrl, dynamicTokenSecret }: DescribedProject,
): Promise<string> {
  return `${webhookUrl}/dynamic/${(await readSecret(deployment, dynamicTokenSecret)).slice(0, TOKEN_LENGTH)}`;
}

/** What did not happen, with the command that helps. */
async function faultsOf({ deployment }: CommandContext, { job, row, steps }: Trial): Promise<readonly string[]> {
  const { jobId, jobType } = job;
  const isMissing = (step: string) => steps.find((one) => one.step === step)?.seconds === null;
  if (row === undefined) {
    return [
      `The ledger has no record of ${jobId}. What could not be recorded is in "gemini-webhooks redrive ledger --preview".`,
    ];
  }
  if (row.state === 'failed') {
    return [
      `${jobId} failed with ${row.failureCode}. "gemini-webhooks show ${jobId}" says more; docs/events.md explains the code.`,
    ];
  }
  if (isMissing('ended')) {
    return [
      jobType === 'batch'
        ? `Gemini has not ended the batch ${jobId} yet, which may take up to 24 hours. Look again later: "gemini-webhooks show ${jobId}"`
        : `No webhook says that ${jobId} ended. "gemini-webhooks status" shows whether Gemini has the webhook; "gemini-webhooks ping" has it send one.`,
    ];
  }
  const late = isMissing('webhook received')
    ? [
        `No webhook came for ${jobId}: the reconciler found its end. "gemini-webhooks status" shows whether the webhook is enabled; "gemini-webhooks ping" has Gemini send one.`,
      ]
    : [];
  if (isMissing('stored')) {
    return [
      ...late,
      `The outputs of ${jobId} are not stored: ${row.waitingBecause}. "gemini-webhooks logs ${jobId}" shows more.`,
    ];
  }
  const manifests = row.manifestKey === null ? [] : await findManifests(deployment, row.manifestKey);
  if (manifests.some(({ manifest }) => manifest.outcome === 'stored')) return late;
  return [
    ...late,
    `The ledger says that the outputs of ${jobId} are stored, and the bucket has no manifest of it. "gemini-webhooks refetch ${jobId}" fetches them again.`,
  ];
}
