/** The stations of the simulation, beside what queueing theory and arithmetic say about them. */
import { describe, expect, it } from 'vitest';
import { rate, servers, simulate } from './simulate.ts';

const mean = (list: readonly number[]) => list.reduce((total, one) => total + one, 0) / list.length;
const one = { name: 'one', knob: '' };

describe('a quota', () => {
  it('lets its burst through at once, and then what its rate brings', () => {
    const quota = rate({ ...one, perSecond: 10, burst: 2, refuses: true });

    expect([0, 0, 0, 0.1, 0.1].map((now) => quota.enter(now))).toEqual([0, 0, undefined, 0.1, undefined]);
  });

  it('has what exceeds it wait, in its order, where it does not refuse', () => {
    const quota = rate({ ...one, perSecond: 4, burst: 1 });

    expect([0, 0, 0].map((now) => quota.enter(now))).toEqual([0, 0.25, 0.5]);
  });

  it('carries so many jobs as units and entries leave', () => {
    expect(rate({ ...one, perSecond: 600, units: 3, entries: 2 }).carries).toBe(100);
  });
});

describe('a function', () => {
  it('does one thing after the other in each process, and starts as many as there may be', () => {
    const two = servers({ ...one, seconds: 1, most: 2, first: 2, morePerSecond: 1 });

    expect([0, 0, 0, 0, 5].map((now) => two.enter(now))).toEqual([1, 1, 2, 2, 6]);
  });

  it('has as many processes more each second', () => {
    const growing = servers({ ...one, seconds: 10, most: 3, first: 1, morePerSecond: 0.5 });

    expect([0, 0, 0, 0].map((now) => growing.enter(now))).toEqual([10, 12, 14, 20]);
  });

  it('refuses what finds none free, where a caller waits', () => {
    const single = servers({ ...one, seconds: 1, most: 1, first: 1, morePerSecond: 1, refuses: true });

    expect([0, 0.5, 1].map((now) => single.enter(now))).toEqual([1, undefined, 2]);
  });
});

describe('a network', () => {
  it('has the mean time of an M/D/1 queue: half loaded, 1.5 of the service time', () => {
    const single = servers({ ...one, seconds: 0.1, most: 1, first: 1, morePerSecond: 1 });

    expect(mean(simulate([single], [], 5, 20_000).seconds)).toBeCloseTo(0.15, 2);
  });

  it('sends again what was refused, and loses it after a day', () => {
    const shut = { ...one, carries: 0, enter: () => undefined };
    const { seconds, refused, lost } = simulate([shut], [], 10, 1);

    expect(seconds).toEqual([]);
    // After 10, 20, … 2,560 s and then an hour each time: eight or nine doublings, and some 23 hours.
    expect(refused / lost).toBeGreaterThan(29);
    expect(refused / lost).toBeLessThan(36);
  });

  it('knows what follows from what it is followed by', () => {
    const later = (seconds: number) => ({ ...one, carries: 1, enter: (now: number) => now + seconds });
    const { seconds, secondsAfter } = simulate([later(2)], [later(3)], 10, 1);

    expect(Math.round(mean(seconds))).toBe(2);
    expect(Math.round(mean(secondsAfter))).toBe(5);
  });
});
