import { expect, it } from 'vitest';
import { DEPLOYMENT_OUTPUT, parseDescription } from '../../lambda/deployment-description.ts';

it('is recognized by its version, whatever else it holds', () => {
  expect(DEPLOYMENT_OUTPUT).toBe('Deployment');
  expect(parseDescription('{"geminiWebhooks":1,"region":"eu-central-1"}')).toEqual({
    ...{ geminiWebhooks: 1, region: 'eu-central-1' },
  });
});

it.each(['{"geminiWebhooks":2}', '{"geminiWebhooks":"1"}', '{}', 'null', '7', 'https://example.com'])(
  'is not %s',
  (text) => {
    expect(parseDescription(text)).toBeUndefined();
  },
);
