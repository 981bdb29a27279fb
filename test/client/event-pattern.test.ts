import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compilePattern, EventPatternError } from '../../client/event-pattern.ts';

interface Vector {
  readonly pattern: unknown;
  readonly event: unknown;
  readonly matches: boolean | 'invalid';
}
const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../fixtures/event-pattern-vectors.json', import.meta.url), 'utf8'),
);

function answer({ pattern, event }: Vector): Vector['matches'] {
  try {
    return compilePattern(pattern)(event);
  } catch (error) {
    if (error instanceof EventPatternError) return 'invalid';
    throw error;
  }
}

describe('compilePattern', () => {
  it("gives the answer of AWS's own matcher to each of 640 patterns and events", () => {
    expect(vectors).toHaveLength(640);
    expect(vectors.filter((vector) => answer(vector) !== vector.matches)).toEqual([]);
  });

  it.each([
    [{ detail: { jobType: ['batch'] } }, { detail: { jobType: 'batch' } }, true],
    [{ detail: { jobType: ['batch'] } }, { detail: { jobType: 'video' } }, false],
    [{ 'detail-type': [{ prefix: 'batch.' }] }, { 'detail-type': 'batch.succeeded' }, true],
    [
      { a: { k: ['x'], v: [1] } },
      {
        a: [
          { k: 'x', v: 2 },
          { k: 'y', v: 1 },
        ],
      },
      false,
    ],
    [
      { a: { k: ['x'], v: [1] } },
      {
        a: [
          { k: 'y', v: 2 },
          { k: 'x', v: 1 },
        ],
      },
      true,
    ],
    [{ a: [{ exists: false }] }, {}, true],
    [{ a: { b: [{ exists: false }] } }, {}, true],
  ])('%j on %j is %s', (pattern, event, matches) => {
    expect(compilePattern(pattern)(event)).toBe(matches);
  });

  it('names the operator that it does not know, and where', () => {
    expect(() => compilePattern({ detail: { jobId: [{ regexp: 'x' }] } })).toThrow(
      '"detail.jobId" of the pattern: the operator "regexp" is not known',
    );
  });
});
