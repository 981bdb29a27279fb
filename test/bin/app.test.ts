import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const APP = fileURLToPath(new URL('../../bin/app.ts', import.meta.url));

describe('bin/app.ts', () => {
  it('says what is wrong with the context, without a stack trace, and fails', () => {
    const CDK_CONTEXT_JSON = JSON.stringify({
      'gemini-webhooks:recordTtlDays': 1,
      'gemini-webhooks:noAlarms': 'Nobody is on call.',
    });

    const { status, stdout, stderr } = spawnSync(process.execPath, [APP], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], CDK_CONTEXT_JSON },
    });

    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'Invalid configuration:\n' +
        '- gemini-webhooks:recordTtlDays is 1; give a whole number of days from 2 to 365, because Gemini retries a delivery for 24 hours.\n' +
        'Correct "context" in cdk.json, or the -c options of the command.\n',
    );
  });
});
