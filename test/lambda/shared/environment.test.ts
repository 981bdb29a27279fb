import { expect, it } from 'vitest';
import * as z from 'zod/mini';
import { EnvironmentReader } from '../../../lambda/shared/environment.ts';

it('reads what is there', () => {
  const env = new EnvironmentReader({ NAME: 'a', COUNT: '5', LIST: 'a, b,', URL: 'http://127.0.0.1:1', EMPTY: '' });

  expect(env.required('NAME')).toBe('a');
  expect(env.optional('EMPTY')).toBeUndefined();
  expect(env.integer('COUNT', { min: 1, max: 5 })).toBe(5);
  expect(env.list('LIST')).toEqual(['a', 'b']);
  expect(env.list('NONE')).toEqual([]);
  expect(env.url('URL', 'https://example.com')).toBe('http://127.0.0.1:1');
  expect(env.url('NONE', 'https://example.com')).toBe('https://example.com');
  expect(() => env.check()).not.toThrow();
});

it('reports every fault together, each with what to do', () => {
  const env = new EnvironmentReader({ COUNT: '5.5', MANY: '7', URL: 'nowhere' });
  env.required('NAME');
  env.integer('COUNT', { min: 1, max: 6 });
  env.integer('MANY', { min: 1, max: 6 });
  env.url('URL', 'https://example.com');

  expect(() => env.check()).toThrow(
    [
      'Invalid configuration:',
      "- NAME is not set; deploy the function with the stack's own template",
      '- COUNT is "5.5"; set an integer from 1 to 6',
      '- MANY is "7"; set an integer from 1 to 6',
      '- URL is not a URL; unset it to use https://example.com',
    ].join('\n'),
  );
});

it.each([
  ['{"batch":172800,"video":86400}', { batch: 172_800_000, video: 86_400_000 }],
  ['{"batch":172800}', undefined],
  ['{"batch":172800,"video":0}', undefined],
  ['172800', undefined],
])('takes seconds by key: %s', (value, milliseconds) => {
  const env = new EnvironmentReader({ SECONDS: value });
  const read = env.millisecondsBy('SECONDS', ['batch', 'video']);

  if (milliseconds === undefined) {
    expect(() => env.check()).toThrow('SECONDS has no seconds for each of batch, video');
    return;
  }
  expect(read).toEqual(milliseconds);
  env.check();
});

it('takes integers of more digits than one, and both bounds', () => {
  const env = new EnvironmentReader({ LEAST: '10', MOST: '300000', LESS: '9' });
  const bounds = { min: 10, max: 300_000 };

  expect([env.integer('LEAST', bounds), env.integer('MOST', bounds)]).toEqual([10, 300_000]);
  env.check();
  env.integer('LESS', bounds);
  expect(() => env.check()).toThrow('LESS is "9"; set an integer from 10 to 300000');
});

it('reports what is not there once, and as nothing else', () => {
  const env = new EnvironmentReader({});
  expect(env.required('NAME')).toBe('');
  env.integer('COUNT', { min: 1, max: 6 });
  env.millisecondsBy('SECONDS', ['batch']);
  expect(env.projects('PROJECTS', z.string())).toEqual({});

  const missing = (name: string) => `- ${name} is not set; deploy the function with the stack's own template`;
  expect(() => env.check()).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG_INVALID',
      message: ['Invalid configuration:', ...['NAME', 'COUNT', 'SECONDS', 'PROJECTS'].map(missing)].join('\n'),
    }),
  );
});

it.each([
  ['{"acme":"a","default":"b"}', { acme: 'a', default: 'b' }],
  ['{}', undefined],
  ['{"acme":7}', undefined],
  ['acme', undefined],
])('takes at least one project: %s', (value, projects) => {
  const env = new EnvironmentReader({ PROJECTS: value });

  expect(env.projects('PROJECTS', z.string())).toEqual(projects ?? {});
  if (projects !== undefined) env.check();
  else expect(() => env.check()).toThrow('PROJECTS does not name the secrets of any project');
});

it.each([
  ['batch.failed,batch.succeeded', ['batch.succeeded', 'batch.failed']],
  ['batch.succeeded,batch.cancelled', undefined],
  ['', undefined],
])('takes a webhook whose events Gemini pushes: "%s"', (events, known) => {
  const env = new EnvironmentReader({ WEBHOOK_NAME: 'n', WEBHOOK_URL: 'https://u', SUBSCRIBED_EVENTS: events });
  const webhook = env.webhook();

  if (known === undefined) expect(() => env.check()).toThrow('SUBSCRIBED_EVENTS is not a list of batch.succeeded, ');
  else expect(webhook).toEqual({ name: 'n', uri: 'https://u', events: known });
});
