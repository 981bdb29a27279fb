import { Duration } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import { permissionsOf, resourceOf, synthesize } from './synthesize.ts';

const template = synthesize({ quarantine: { retention: Duration.days(2) } });
const onQuarantine = (role: string) =>
  permissionsOf(template, role).filter((permission) => String(permission).includes('Quarantine'));

it('lets the verifier add to the quarantine and not look into it, and the reverification the reverse', () => {
  const table = expect.stringContaining('Quarantine');

  expect(onQuarantine('GeminiWebhooksDoorVerifierRole')).toEqual([['dynamodb:PutItem dynamodb:UpdateItem', table]]);
  expect(onQuarantine('GeminiWebhooksReverifier')).toEqual([['dynamodb:DeleteItem dynamodb:Scan', table]]);
});

it('gives both the bounds, and forgets what has expired', () => {
  for (const id of ['GeminiWebhooksDoorVerifier', 'GeminiWebhooksReverifier']) {
    expect(resourceOf(template, 'AWS::Lambda::Function', id).Properties['Environment']).toMatchObject({
      Variables: { QUARANTINE_MAX_PER_HOUR: '100', QUARANTINE_TTL_SECONDS: '172800' },
    });
  }
  expect(resourceOf(template, 'AWS::DynamoDB::GlobalTable', 'GeminiWebhooksQuarantine').Properties).toMatchObject({
    TimeToLiveSpecification: { AttributeName: 'expiration', Enabled: true },
    WriteOnDemandThroughputSettings: { MaxWriteRequestUnits: 100 },
    SSESpecification: { SSEEnabled: true },
  });
});

it('is not there by default', () => {
  synthesize().resourceCountIs('AWS::DynamoDB::GlobalTable', 2);
});
