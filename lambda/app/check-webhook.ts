/**
 * Compares the webhook at Gemini with what was deployed, and sets it right where that is wanted. Google disables an endpoint
 * that keeps failing, and anybody with the API key can change a webhook.
 */
import { METRIC } from '../contract.ts';
import { ManagementError } from '../domain/errors.ts';
import { findDeployed } from './deployed-webhook.ts';
import type { Log, Metrics, RegisteredWebhook, WantedWebhook, WebhookRegistry } from './ports.ts';
import { differences } from './register-webhook.ts';

export type Finding =
  | 'missing'
  | 'disabled'
  | 'disabled-due-to-failed-deliveries'
  | 'other-url'
  | 'other-events'
  /** Gemini could not be asked. */
  | 'unknown';

export interface CheckWebhookPorts {
  readonly registry: WebhookRegistry;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface CheckedWebhook {
  readonly source: string;
  readonly wanted: WantedWebhook;
  /** Whether findings are set right where they can be. */
  readonly repair: boolean;
}

/** @returns what was found, repaired or not */
export async function checkWebhook(ports: CheckWebhookPorts, checked: CheckedWebhook): Promise<readonly Finding[]> {
  const { source, wanted } = checked;
  let webhook: RegisteredWebhook | undefined;
  try {
    webhook = findDeployed(await ports.registry.list(), wanted);
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    // Neither healthy nor not: the metric of health is left out, and the alarm decides about that.
    tell(ports, checked, 'unknown', { done: 'nothing', remedy: error.message });
    return ['unknown'];
  }
  const findings = findingsOf(webhook, wanted);
  const repaired = webhook !== undefined && (await repair(ports, checked, webhook, findings));
  for (const finding of findings) {
    const isRepaired = repaired && isRepairable(finding);
    tell(ports, checked, finding, {
      webhook: webhook?.id,
      done: isRepaired ? 'repaired' : 'nothing',
      remedy: isRepaired ? undefined : REMEDY[finding],
    });
  }
  const left = findings.filter((finding) => !(repaired && isRepairable(finding)));
  ports.metrics.count(METRIC.webhookHealthy, { source }, left.length === 0 ? 1 : 0);
  return findings;
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

/** What somebody did by hand in Gemini's console may be meant; a webhook that is gone has no secret to be stored here. */
function isRepairable(finding: Finding): boolean {
  return finding !== 'missing' && finding !== 'disabled';
}

async function repair(
  ports: CheckWebhookPorts,
  { source, wanted, repair: isWanted }: CheckedWebhook,
  webhook: RegisteredWebhook,
  findings: readonly Finding[],
): Promise<boolean> {
  if (!isWanted || !findings.some(isRepairable)) return false;
  try {
    await ports.registry.update(webhook.id, differences(webhook, wanted));
    ports.metrics.count(METRIC.webhookRepairs, { source });
    return true;
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    ports.log.error('The webhook could not be repaired', { source, webhook: webhook.id, reason: error.message });
    return false;
  }
}

const REMEDY: Readonly<Record<Finding, string>> = {
  missing: 'Rotate the signing secret: that registers the webhook again',
  disabled: 'Enable it in Google AI Studio, if it was not disabled on purpose',
  'disabled-due-to-failed-deliveries': 'See why deliveries failed, then deploy again or set repairWebhook',
  'other-url': 'Deploy again, or set repairWebhook',
  'other-events': 'Deploy again, or set repairWebhook',
  unknown: '',
};

function tell(
  { log, metrics }: CheckWebhookPorts,
  { source, wanted }: CheckedWebhook,
  finding: Finding,
  fields: { readonly webhook?: string | undefined; readonly done: string; readonly remedy?: string | undefined },
): void {
  metrics.count(METRIC.webhookFindings, { source, finding });
  log.warn('Webhook finding', { source, finding, name: wanted.name, ...fields });
}
