/** The jobs of one team, told apart by what the application wrote into `user_metadata`. */
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { GeminiWebhooks } from '../lib/index.ts';

export function sendTeamJobs(webhooks: GeminiWebhooks, team: string, queue: IQueue): void {
  webhooks.onInteractionCompleted(`InteractionsOf${team}`, {
    // It routes, and authorizes nothing: whoever creates a job writes what they like there. Of a job that is not verified to be
    // one of yours, strangers do.
    eventPattern: { detail: { verifiedJob: [true], userMetadata: { team: [team] } } },
    target: new SqsQueue(queue),
  });
}
