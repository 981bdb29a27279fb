import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const APP = fileURLToPath(new URL('../../bin/app.ts', import.meta.url));

describe('bin/app.ts', () => {
  it('says what is wrong with the context, without a stack trace, and fails', () => {
    const CDK_CONTEXT_JSON = JSON.stringify({
      'gemini-webhooks': { recordTtl: { days: 1 }, monitoring: { optOut: 'Nobody is on call.' } },
    });

    const { status, stdout, stderr } = spawnSync(process.execPath, [APP], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], CDK_CONTEXT_JSON },
    });

    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'Invalid context "gemini-webhooks":\n' +
        '- recordTtl is {"days":1}; give 2 days to 365 days, in whole seconds, because Gemini retries a delivery for 24 hours.\n' +
        'Correct it in cdk.json, or in the -c option of the command; docs/configuration.md has every key.\n',
    );
  });
});
