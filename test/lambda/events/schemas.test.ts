import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventSchemas } from '../../../lambda/events/schemas.ts';
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
      endedAt: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
      error: {
        anyOf: [{ type: 'object', properties: { code: { type: 'string' } }, required: ['code'] }, { type: 'null' }],
      },
      count: { type: 'integer', minimum: 0, maximum: 9 },
      counts: { type: 'object', additionalProperties: { type: 'integer' } },
      name: { type: 'string', pattern: '^a' },
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
    [
      'another type in one of two',
      changed({ endedAt: { anyOf: [{ type: 'integer' }, { type: 'null' }] } }),
      ['$.endedAt may be integer'],
    ],
    [
      'a format that is gone in one of two',
      changed({ endedAt: { type: ['string', 'null'] } }),
      ['$.endedAt may be without format "date-time"'],
    ],
    [
      'one more of several',
      changed({ endedAt: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }, { type: 'number' }] } }),
      ['$.endedAt may be number'],
    ],
    [
      'a field that is gone in one of two',
      changed({ error: { anyOf: [{ type: 'object', properties: {} }, { type: 'null' }] } }),
      ['$.error.code is gone'],
    ],
    [
      'a field that may be missing in one of two',
      changed({ error: { anyOf: [{ type: 'object', properties: { code: { type: 'string' } } }, { type: 'null' }] } }),
      ['$.error.code may be missing'],
    ],
    ['another pattern', changed({ name: { type: 'string', pattern: '^b' } }), ['$.name may be without pattern "^a"']],
    [
      'a wider range',
      changed({ count: { type: 'integer', minimum: -1 } }),
      ['$.count may be under 0', '$.count may be over 9'],
    ],
    [
      'other members of another type',
      changed({ counts: { type: 'object', additionalProperties: { type: 'string' } } }),
      ['$.counts.* may be string'],
    ],
    ['other members of any type', changed({ counts: { type: 'object' } }), ['$.counts.* may be anything']],
    [
      'a member more that is not as the others',
      changed({
        counts: { type: 'object', properties: { by: { type: 'string' } }, additionalProperties: { type: 'integer' } },
      }),
      ['$.counts.by may be string'],
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
    ['one less of several', changed({ endedAt: { type: 'string', format: 'date-time' } })],
    [
      'the same several in another order, and a field more in one of them',
      changed({
        error: {
          anyOf: [
            { type: 'null' },
            { type: 'object', properties: { code: { type: 'string' }, more: { type: 'string' } }, required: ['code'] },
          ],
        },
      }),
    ],
    ['a format that was not named', changed({ id: { type: 'string', format: 'uuid' } })],
    ['a smaller range', changed({ count: { type: 'integer', minimum: 1, maximum: 8 } })],
    ['no other members any more', changed({ counts: { type: 'object', additionalProperties: false } })],
    ['whole numbers only', changed({ bytes: { type: 'integer' } })],
  ])('breaks nobody by %s', (_what, after) => {
    expect(breakingChanges(before, after)).toEqual([]);
  });

  it.each([
    ['Manifest.json', ['job', 'endedAt'], { type: 'integer' }, '$.job.endedAt may be integer'],
    [
      'Manifest.json',
      ['event', 'occurredAt'],
      { type: 'string' },
      '$.event.occurredAt may be without format "date-time"',
    ],
    ['OutputStored.json', ['detail', 'createdAt'], { type: 'integer' }, '$.detail.createdAt may be integer'],
  ])('of %s would be reported at %j', (file, place, now, fault) => {
    const after = committed(file);
    const [outer = '', inner = ''] = place;
    after.properties[outer].properties[inner] = now;

    expect(breakingChanges(committed(file), after)).toEqual([fault]);
  });

  it('would be reported for every field of an error in a manifest', () => {
    const after = committed('Manifest.json');
    after.properties.error.anyOf[0] = { type: 'object' };

    expect(breakingChanges(committed('Manifest.json'), after)).toEqual([
      '$.error.code is gone',
      '$.error.message is gone',
    ]);
  });

  it('would be reported for every field of the published ones', () => {
    for (const file of files) {
      const schema = committed(file);
      expect(breakingChanges(schema, { ...schema, properties: {} })).toHaveLength(
        Object.keys(schema.properties).length,
      );
    }
  });
});
