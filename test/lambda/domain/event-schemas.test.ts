import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventSchemas } from '../../../lambda/domain/event-schemas.ts';
import { breakingChanges } from '../../../tools/schema-compatibility.ts';

const FOLDER = new URL('../../../schemas/1/', import.meta.url);
const committed = (file: string) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
const files = readdirSync(FOLDER);

describe('the published schemas', () => {
  it.each(files)('%s is what the code validates with; else run "npm run schemas"', (file) => {
    expect(committed(file)).toEqual(JSON.parse(JSON.stringify(eventSchemas()[file.replace('.json', '')])));
  });

  it('are all of them', () => {
    expect(files.toSorted()).toEqual([
      'JobEvent.json',
      'JobSubmitted.json',
      'Manifest.json',
      'OutputFailed.json',
      'OutputStored.json',
    ]);
  });
});

describe('a changed schema', () => {
  const before = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      status: { type: 'string', enum: ['stored', 'failed'] },
      bytes: { type: 'number' },
      note: { type: 'string' },
      objects: { type: 'array', items: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] } },
    },
    required: ['id', 'status', 'bytes', 'objects'],
  };
  const changed = (properties: object, required = before.required) => ({
    ...before,
    properties: { ...before.properties, ...properties },
    required,
  });

  it.each([
    ['a field that is gone', { ...before, properties: { ...before.properties, note: undefined } }, ['$.note is gone']],
    ['a field that may be missing', changed({}, ['status', 'bytes', 'objects']), ['$.id may be missing']],
    ['another type', changed({ bytes: { type: 'string' } }), ['$.bytes may be string']],
    ['a type more', changed({ id: { type: ['string', 'null'] } }), ['$.id may be null']],
    ['no type', changed({ id: {} }), ['$.id may be anything']],
    [
      'a value more',
      changed({ status: { type: 'string', enum: ['stored', 'failed', 'new'] } }),
      ['$.status may be "new"'],
    ],
    ['any value', changed({ status: { type: 'string' } }), ['$.status may have any value']],
    [
      'a field of an element that is gone',
      changed({ objects: { type: 'array', items: { type: 'object', properties: {} } } }),
      ['$.objects[].key is gone'],
    ],
    ['elements of any kind', changed({ objects: { type: 'array' } }), ['$.objects[] may be anything']],
  ])('breaks consumers by %s', (_what, after, faults) => {
    expect(breakingChanges(before, JSON.parse(JSON.stringify(after)))).toEqual(faults);
  });

  it.each([
    ['nothing', before],
    ['a field more', changed({ more: { type: 'string' } })],
    ['a field that is always there now', changed({}, [...before.required, 'note'])],
    ['a value less', changed({ status: { type: 'string', enum: ['stored'] } })],
    ['whole numbers only', changed({ bytes: { type: 'integer' } })],
  ])('breaks nobody by %s', (_what, after) => {
    expect(breakingChanges(before, after)).toEqual([]);
  });

  it('would be told for every field of the published ones', () => {
    for (const file of files) {
      const schema = committed(file);
      expect(breakingChanges(schema, { ...schema, properties: {} })).toHaveLength(
        Object.keys(schema.properties).length,
      );
    }
  });
});
