/** What a Region is known not to have is not in the template: CloudFormation would refuse it as a whole. */
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { newStack, resourceOf, resourcesOf } from './synthesize.ts';

const inRegion = (region: string, regionalFeatures = {}) => newStack({ regionalFeatures }, { env: { region } });
const typesIn = (stack: ReturnType<typeof newStack>) => {
  const template = Template.fromStack(stack);
  return {
    template,
    has: (type: string) => Object.keys(resourcesOf(template, type)).length > 0,
  };
};

describe('a stack', () => {
  const everything = { schemas: true, archive: true, logs: true };
  it.each([
    ['eu-central-1', everything],
    ['ap-south-2', { ...everything, schemas: false }],
    ['il-central-1', { ...everything, schemas: false, archive: false }],
    ['mx-central-1', { ...everything, schemas: false, archive: false }],
    ['us-gov-west-1', { ...everything, logs: false }],
  ])(
    'in %s has %j',
    (region, expected) => {
      const { template, has } = typesIn(inRegion(region));
      const bus = resourceOf(template, 'AWS::Events::EventBus', 'GeminiWebhooksEventBus').Properties;

      expect({
        schemas: has('AWS::EventSchemas::Registry') || has('AWS::EventSchemas::Schema'),
        archive: has('AWS::Events::Archive'),
        logs: has('AWS::Logs::Delivery') || has('AWS::Logs::DeliverySource') || 'LogConfig' in bus,
      }).toEqual(expected);
      if (!expected.logs) expect(Object.keys(bus)).toEqual(['Name']);
      // Nothing refers to what is not there, and the alarms about rules leave the archive out.
      expect(JSON.stringify(template.toJSON()).includes('Events-Archive-')).toBe(expected.archive);
    },
    60_000,
  );

  it('says what it leaves out, and what to do when that has changed', () => {
    Annotations.fromStack(inRegion('il-central-1')).hasWarning(
      '*',
      Match.stringLikeRegexp(
        'The Region il-central-1 has no event archives; nothing can be replayed, and the job ledger cannot be written again. ' +
          'Set regionalFeatures.archive to true if that has changed.',
      ),
    );
  }, 60_000);

  it.each(['ap-east-2', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7'])(
    'is refused in %s, which has no HTTP APIs',
    (region) => {
      expect(() => inRegion(region)).toThrow(
        `The Region ${region} has no HTTP APIs, to which Gemini could post; deploy to another one, or set regionalFeatures.httpApi to true if it has them by now.`,
      );
    },
  );

  it('leaves out what its props say, without a warning, and has what they say it has', () => {
    const without = newStack({ regionalFeatures: { schemaRegistry: false, archive: false, busLogs: false } });
    const { has } = typesIn(without);
    const later = typesIn(inRegion('ap-east-2', { httpApi: true, archive: true }));

    expect([has('AWS::EventSchemas::Registry'), has('AWS::Events::Archive'), has('AWS::Logs::Delivery')]).toEqual([
      ...[false, false, false],
    ]);
    Annotations.fromStack(without).hasNoWarning('*', Match.stringLikeRegexp('regionalFeatures'));
    expect([later.has('AWS::Events::Archive'), later.has('AWS::EventSchemas::Registry')]).toEqual([true, false]);
  }, 60_000);
});
