/** The jobs of one team, told apart by what the application knows of them. */
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { GeminiWebhooks } from 'gemini-webhooks-aws';

/**
 * In the function that creates the jobs, after `webhooks.addJobSubmission(function)`:
 *
 *     await submitBatch(ai, { model, src, config }, { team: 'evals', job_group: 'nightly-eval' });
 */
export function sendTeamJobs(webhooks: GeminiWebhooks, team: string, queue: IQueue): void {
  webhooks.onOutputStored(`OutputsOf${team}`, {
    // It routes, and authorizes nothing: whoever creates a job writes what they like there.
    eventPattern: { detail: { userMetadata: { team: [team] } } },
    target: new SqsQueue(queue),
  });
}
