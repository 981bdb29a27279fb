import { Duration } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import { readable, resourceOf, synthesize } from './synthesize.ts';

const template = synthesize({ quarantine: { retention: Duration.days(2) } });
const permissionsOf = (role: string) => {
  const { PolicyDocument } = resourceOf(template, 'AWS::IAM::Policy', role).Properties as {
    PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] };
  };
  return PolicyDocument.Statement.filter(({ Resource }) =>
    readable([Resource].flat()[0]).includes('Quarantine'),
  ).flatMap(({ Action }) => Action);
};

it('lets the verifier add to the quarantine and not look into it, and the reverification the reverse', () => {
  expect(permissionsOf('GeminiWebhooksDoorVerifierRole')).toEqual(['dynamodb:PutItem', 'dynamodb:UpdateItem']);
  expect(permissionsOf('GeminiWebhooksReverifier')).toEqual(['dynamodb:DeleteItem', 'dynamodb:Scan']);
});

it('tells both what the bounds are, and forgets what has expired', () => {
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
