/**
 * Compares the webhook at Gemini with what was deployed, and sets it right where that is wanted. Google disables an endpoint
 * that keeps failing, and anybody with the API key can change a webhook.
 */
import { ManagementError, TransientError } from '../shared/errors.ts';
import type { Log, Metrics, Wait, WantedWebhook } from '../shared/ports.ts';
import { differences, findDeployed, isSignedWith } from './desired-webhook.ts';
import type { RegisteredWebhook, WebhookRegistry } from './ports.ts';

export type Finding =
  | 'missing'
  | 'disabled'
  | 'disabled-due-to-failed-deliveries'
  | 'other-url'
  | 'other-events'
  /** Gemini signs with one that is not stored here: it was rotated by hand, or the answer to a rotation was lost. */
  | 'other-secret'
  /** Gemini could not be asked, or the secret not be read. */
  | 'unknown';

/** A rotation that is under way stores what Gemini gave it within this time. */
const ROTATION_MS = 10_000;

export interface CheckWebhookPorts {
  readonly registry: WebhookRegistry;
  /** The current and the pending one. @throws TransientError `ERR_KEYS_UNAVAILABLE` */
  readonly signingSecrets: () => Promise<readonly string[]>;
  readonly wait: Wait;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface CheckedWebhook {
  readonly project: string;
  readonly wanted: WantedWebhook;
  /** Whether a changed URL or changed events are set right. What Gemini itself disabled is enabled in any case. */
  readonly repair: boolean;
}

/** @returns what was found, repaired or not */
export async function checkWebhook(ports: CheckWebhookPorts, checked: CheckedWebhook): Promise<readonly Finding[]> {
  const { project, wanted } = checked;
  let webhook: RegisteredWebhook | undefined;
  try {
    webhook = findDeployed(await ports.registry.list(), wanted);
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    // Neither healthy nor not: the metric of health is left out, and the alarm decides about that.
    report(ports, checked, 'unknown', { done: 'nothing', remedy: error.message });
    return ['unknown'];
  }
  const findings = findingsOf(webhook, wanted);
  const unread = webhook && (await checkSecret(ports, webhook, findings));
  const repaired = webhook === undefined ? [] : await repair(ports, checked, webhook, findings);
  for (const finding of findings) {
    const isRepaired = repaired.includes(finding);
    report(ports, checked, finding, {
      webhook: webhook?.id,
      done: isRepaired ? 'repaired' : 'nothing',
      remedy: isRepaired ? undefined : REMEDY[finding],
    });
  }
  const left = findings.filter((finding) => !repaired.includes(finding));
  if (unread !== undefined)
    report(ports, checked, 'unknown', { webhook: webhook?.id, done: 'nothing', remedy: unread });
  if (unread === undefined || left.length > 0) {
    ports.metrics.count('WebhookHealthy', { project }, left.length === 0 ? 1 : 0);
  }
  return unread === undefined ? findings : [...findings, 'unknown'];
}

/**
 * Adds to the findings. Within 24 hours the secret before verifies as well, and after that nothing does.
 * @returns why the secret could not be read
 */
async function checkSecret(
  { signingSecrets, wait }: CheckWebhookPorts,
  webhook: RegisteredWebhook,
  findings: Finding[],
): Promise<string | undefined> {
  try {
    if (isSignedWith(webhook, await signingSecrets()) !== false) return undefined;
    await wait(ROTATION_MS);
    if (isSignedWith(webhook, await signingSecrets()) === false) findings.push('other-secret');
    return undefined;
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    return error.message;
  }
}

function findingsOf(webhook: RegisteredWebhook | undefined, wanted: WantedWebhook): Finding[] {
  if (webhook === undefined) return ['missing'];
  const { uri, events } = differences(webhook, wanted);
  const findings: Finding[] = [];
  if (webhook.state === 'disabled_due_to_failed_deliveries') findings.push('disabled-due-to-failed-deliveries');
  else if (webhook.state !== 'enabled') findings.push('disabled');
  if (uri !== undefined) findings.push('other-url');
  if (events !== undefined) findings.push('other-events');
  return findings;
}

/**
 * What somebody did by hand in Gemini's console may be meant, and a new secret is the rotation's to store. What Gemini disabled
 * nobody meant; but with another URL it would be enabled for somebody else.
 */
function repairableOf(findings: readonly Finding[], repairsChanges: boolean): readonly Finding[] {
  const isChange = (finding: Finding) => finding === 'other-url' || finding === 'other-events';
  if (!repairsChanges && findings.includes('other-url')) return [];
  return findings.filter(
    (finding) => finding === 'disabled-due-to-failed-deliveries' || (repairsChanges && isChange(finding)),
  );
}

/** @returns what was repaired */
async function repair(
  ports: CheckWebhookPorts,
  { project, wanted, repair: repairsChanges }: CheckedWebhook,
  webhook: RegisteredWebhook,
  findings: readonly Finding[],
): Promise<readonly Finding[]> {
  const repairable = repairableOf(findings, repairsChanges);
  if (repairable.length === 0) return [];
  const changes = repairsChanges ? differences(webhook, wanted) : { state: 'enabled' as const };
  try {
    await ports.registry.update(webhook.id, changes);
    ports.metrics.count('WebhookRepairs', { project });
    return repairable;
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    ports.log.error('The webhook could not be repaired', { project, webhook: webhook.id, reason: error.message });
    return [];
  }
}

const REMEDY: Readonly<Record<Finding, string>> = {
  missing:
    'Rotate the signing secret: that registers the webhook again. Where its rotation is switched off, run "gemini-webhooks rotate signing-secret --revoke"',
  disabled: 'Enable it in Google AI Studio, if it was not disabled on purpose',
  'disabled-due-to-failed-deliveries': 'See why deliveries failed, then run "gemini-webhooks repair"',
  'other-url': 'Run "gemini-webhooks repair", or set repairWebhook; a deployment that changes nothing repairs nothing',
  'other-events':
    'Run "gemini-webhooks repair", or set repairWebhook; a deployment that changes nothing repairs nothing',
  'other-secret':
    'Rotate the signing secret now: 24 hours after the change at Gemini every delivery is refused. Where its rotation is switched off, run "gemini-webhooks rotate signing-secret --revoke"',
  unknown: '',
};

function report(
  { log, metrics }: CheckWebhookPorts,
  { project, wanted }: CheckedWebhook,
  finding: Finding,
  fields: { readonly webhook?: string | undefined; readonly done: string; readonly remedy?: string | undefined },
): void {
  metrics.count('WebhookFindings', { project, finding });
  log.warn('Webhook finding', { project, finding, name: wanted.name, ...fields });
}
