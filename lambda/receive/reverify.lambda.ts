/** Lists what is quarantined, or verifies it once more; an operator invokes it. */

import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { dynamoDbClient } from '../shared/aws.client.ts';
import { digestToken } from '../standard-webhooks/token.ts';
import { DynamoDbQuarantine } from './quarantine.client.ts';
import { HELD_TOKEN, reverify } from './reverify.ts';
import { createVerifierPorts, readVerifierConfig } from './verifier-ports.ts';

/** Time to finish the one at hand before Lambda ends the process. */
const RESERVE_MS = 15_000;

const config = readVerifierConfig(process.env);
// By which way a delivery came was checked, too, and is not kept.
const ports = createVerifierPorts({ ...config, origin: undefined }, 'reverify', {
  // The token was compared when the delivery came, and is not kept.
  dynamicTokens: { current: async () => [digestToken(HELD_TOKEN)], refreshed: async () => undefined },
});
const { quarantine: options } = config;
if (options === undefined) throw new Error('The function has no quarantine; deploy it with the stack’s own template');
const quarantine = new DynamoDbQuarantine({ ...options, client: dynamoDbClient() });

const Request = z.object({ action: z.enum(['list', 'reverify']) });

interface Line {
  readonly id: string;
  readonly project: string;
  readonly receivedAt: string;
  /** Of a reverification: `accepted`, `duplicate`, `in-progress`, or the code of why it is invalid. */
  readonly outcome?: string;
}

export async function handler(input: unknown, context: Context): Promise<{ readonly deliveries: readonly Line[] }> {
  const { action } = Request.parse(input);
  try {
    if (action === 'list') {
      const deliveries: Line[] = [];
      for await (const { id, project, receivedAt } of quarantine.list(ports.clock())) {
        deliveries.push({ id, project, receivedAt: receivedAt.toISOString() });
      }
      return { deliveries };
    }
    const isTimeUp = () => context.getRemainingTimeInMillis() < RESERVE_MS;
    const results = await reverify({ ...ports, kept: quarantine }, isTimeUp);
    return {
      deliveries: results.map(({ receivedAt, ...rest }) => ({ ...rest, receivedAt: receivedAt.toISOString() })),
    };
  } finally {
    ports.flush();
  }
}
