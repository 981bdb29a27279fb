/** What `npm start -- --reconcile` shows. */
import { expect, it } from 'vitest';
import { reconcileMissed } from '../../local/run/reconciliation.ts';
import { startTestRun } from './local-run.ts';

it('announces each job once when webhooks are lost, late or disabled, and leaves it to those that come', async () => {
  const run = await startTestRun({}, { reconcile: { graceSeconds: 3, everyMs: 500 }, repairWebhook: true });
  const row = { jobs: 3, byWebhook: 0, byReconciler: 3, stored: 3, late: 0, twice: 0, state: 'enabled' };
  try {
    expect(await reconcileMissed(run, () => {})).toEqual([
      { ...row, webhooks: 'lost' },
      { ...row, webhooks: 'late', late: 3 },
      { ...row, webhooks: 'disabled', state: 'disabled_due_to_failed_deliveries' },
      // The health check has enabled it.
      { ...row, webhooks: 'in time', byWebhook: 3, byReconciler: 0 },
    ]);
  } finally {
    await run.close();
  }
});
