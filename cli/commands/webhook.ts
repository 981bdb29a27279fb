/** `ping`, `rotate`, `dynamic-url`: what concerns the webhook of one project, and its secrets. */
import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { TOKEN_LENGTH } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, say } from '../context.ts';
import { geminiOf, readSecret } from '../gemini.ts';
import { invoke } from '../invoke.ts';
import { chosenProject } from '../projects.ts';

/** @param apiKeySecret name of the secret with the API key; that of the project by default */
export async function ping(context: CommandContext, apiKeySecret: string | undefined): Promise<void> {
  const { name, webhookUrl: uri, apiKeySecret: own } = chosenProject(context);
  const { webhooks } = await geminiOf(context.deployment, apiKeySecret ?? own);
  const { webhooks: all = [] } = await webhooks.list({ page_size: 100 });
  const webhook = all.find((one) => one.uri === uri);
  if (webhook?.id === undefined) {
    throw new CliError(
      `Gemini has no webhook for ${uri}. "gemini-webhooks rotate signing-secret --project ${name}" registers it again.`,
    );
  }
  await webhooks.ping(webhook.id, { body: {} });
  say(
    context,
    { webhook: webhook.id, uri },
    `Gemini pings ${uri}. "gemini-webhooks deliveries --type webhook" shows whether it came.`,
  );
}

export const ROTATED = ['signing-secret', 'dynamic-token'] as const;
type Rotated = (typeof ROTATED)[number];

export async function rotate(
  context: CommandContext,
  secret: Rotated,
  { revoke }: { readonly revoke: boolean },
): Promise<void> {
  const project = chosenProject(context);
  if (revoke) return await revokeNow(context, secret);
  const SecretId = secret === 'signing-secret' ? project.signingSecret : project.dynamicTokenSecret;
  await confirm(context, `Rotate the ${secret} of the project ${project.name}?`);
  await context.deployment.clients.secrets.send(new RotateSecretCommand({ SecretId, RotateImmediately: true }));
  const holds = secret === 'signing-secret' ? '25 hours' : '96 hours';
  say(
    context,
    { project: project.name, secret, secretId: SecretId, revoked: false },
    `Secrets Manager is rotating it now. The previous one is accepted for ${holds} more; if it leaked, use --revoke.`,
  );
}

/** What it costs to end the value before at once. */
const COST = {
  'signing-secret':
    'Deliveries that Gemini signed with the previous secret are refused from now on. Gemini signs its retries with the new one, and the reconciler finds the batches whose webhook does not come.',
  'dynamic-token':
    'The webhooks of jobs that were started with the previous dynamic URL are refused, and Gemini does not send them to the new one. The reconciler finds batches, and whatever was announced with createJobAnnouncer; other interactions and videos are lost. Applications that keep the URL have to fetch the new one: "gemini-webhooks dynamic-url".',
} as const satisfies Record<Rotated, string>;

async function revokeNow(context: CommandContext, secret: Rotated): Promise<void> {
  const { deployment, terminal } = context;
  const { name, rotator } = chosenProject(context);
  if (rotator === undefined) {
    throw new CliError(
      'This deployment rotates no secrets, so that no function can revoke one. Set signingSecretRotation or dynamicTokenRotation to some days and deploy.',
    );
  }
  terminal.note(COST[secret]);
  await confirm(context, `Revoke the ${secret} of the project ${name} now?`);
  const answer = await invoke<{ readonly revoked?: string }>(deployment, rotator, { revoke: secret });
  if (answer?.revoked !== secret) {
    throw new CliError(
      `The function that revokes it failed: the ${secret} may still be accepted. Its log says why; call the command again afterwards.\n  aws logs tail ${rotator.logGroup} --since 10m`,
    );
  }
  say(
    context,
    { project: name, secret, revoked: true },
    `The previous ${secret} is revoked. After 60 seconds at most it is accepted nowhere.`,
  );
}

export async function dynamicUrl(context: CommandContext): Promise<void> {
  const { webhookUrl, dynamicTokenSecret } = chosenProject(context);
  const tokens = await readSecret(context.deployment, dynamicTokenSecret);
  const url = `${webhookUrl}/dynamic/${tokens.slice(0, TOKEN_LENGTH)}`;
  // Not wrapped: it is there to be copied.
  context.terminal.print(context.json ? JSON.stringify({ url }) : url);
}
