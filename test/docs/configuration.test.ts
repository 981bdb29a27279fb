import { RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config.ts';
import { configurationPage, configurationRows } from '../../tools/docs.ts';
import { blocksOf, readPage } from './markdown.ts';

const page = readPage('configuration.md');
const rows = configurationRows();
/** What the comments of the props call by a name. */
const NAMED: Readonly<Record<string, unknown>> = {
  'RetentionDays.ONE_MONTH': RetentionDays.ONE_MONTH,
  'RemovalPolicy.RETAIN': RemovalPolicy.RETAIN,
};

describe('docs/configuration.md', () => {
  it('has the table that `npm run docs` writes', () => {
    // The formatter pads the cells.
    const withoutPadding = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');

    expect(withoutPadding(page)).toBe(withoutPadding(configurationPage()));
  });

  it('says what every key is for', () => {
    expect(rows.filter(({ what }) => what === '').map(({ key }) => key)).toEqual([]);
    expect(rows.length).toBeGreaterThan(60);
  });

  it.each(rows.filter(({ writtenDefault }) => writtenDefault !== undefined))(
    'says the default of $key that is in force',
    ({ writtenDefault = '', field }) => {
      const { defaultValue } = field;

      expect(NAMED[writtenDefault] ?? writtenDefault).toEqual(
        writtenDefault in NAMED ? defaultValue : String(defaultValue),
      );
    },
  );

  it('has examples that are valid', () => {
    const examples = blocksOf(page, 'json').map((text) => JSON.parse(text));

    expect(examples.length).toBeGreaterThan(3);
    for (const example of examples) {
      expect(() => parseConfig(example.context ?? { 'gemini-webhooks': example })).not.toThrow();
    }
    const [, , json = ''] = /-c (gemini-webhooks)='(.*)'/.exec(page) ?? [];
    expect(() => parseConfig({ 'gemini-webhooks': json })).not.toThrow();
  });
});
