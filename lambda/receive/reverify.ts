/**
 * Verifies what was quarantined once more, with the code and the keys of today, against the time at which it came. What
 * holds goes the way of any delivery: claimed, published, completed. What is invalid stays until it expires.
 */

import { toJobEvent } from '../gemini/envelope.ts';
import { PipelineError } from '../shared/errors.ts';
import { publishDelivery } from './publish-delivery.ts';
import type { QuarantineStore } from './quarantine.ts';
import type { KeptDelivery } from './quarantined.ts';
import type { ReceiveWebhookPorts } from './receive.ts';

/** Stands for a token that held when the delivery came; the ports of a reverification accept it and no other. */
export const HELD_TOKEN = 'held when it came';

export interface ReverifyPorts extends Omit<ReceiveWebhookPorts, 'quarantine'> {
  readonly kept: Pick<QuarantineStore, 'list' | 'remove'>;
}

/** What became of one: a result of the pipeline, or the code of why not. */
export interface Reverified {
  readonly id: string;
  readonly project: string;
  readonly receivedAt: Date;
  readonly outcome: string;
}

/** @param isTimeUp asked before each: what is left is for the next call */
export async function reverify(ports: ReverifyPorts, isTimeUp: () => boolean): Promise<readonly Reverified[]> {
  const results: Reverified[] = [];
  for await (const kept of ports.kept.list(ports.clock())) {
    if (isTimeUp()) break;
    const outcome = await reverifyOne(ports, kept);
    results.push({ id: kept.id, project: kept.project, receivedAt: kept.receivedAt, outcome });
  }
  return results;
}

async function reverifyOne(ports: ReverifyPorts, kept: KeptDelivery): Promise<string> {
  const { project, kind, headers, body, receivedAt } = kept;
  const route = kind === 'static' ? { kind, project } : { kind, project, token: HELD_TOKEN };
  try {
    const verified = await ports.authenticate({ route, headers, body }, receivedAt);
    const detail = toJobEvent(verified, receivedAt);
    const { outcome } = await publishDelivery(ports, detail, verified.bodySha256);
    // Somebody else publishes it at this moment: it is removed by whoever looks next.
    if (outcome !== 'in-progress') await ports.kept.remove(kept.id);
    return outcome;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return error.code;
  }
}
