/** A network of stations through which jobs go, event by event: how long that takes, and what is refused. */

export interface Station {
  readonly name: string;
  /** What raises it. */
  readonly knob: string;
  /** Jobs a second, in the long run. */
  readonly carries: number;
  /** @returns when whatever enters now comes out; undefined when it is refused */
  enter(now: number): number | undefined;
}

interface Named {
  readonly name: string;
  readonly knob: string;
  /** Or it waits. */
  readonly refuses?: boolean;
  /** How often a job comes. @default 1 */
  readonly entries?: number;
}

/** A quota: a token bucket of `burst`, by default what a second brings, of which each entry takes some units. */
export function rate(options: Named & { perSecond: number; burst?: number; units?: number }): Station {
  const { name, knob, refuses = false, entries = 1, perSecond, burst = perSecond, units = 1 } = options;
  const interval = units / perSecond;
  const tolerance = Math.max(0, burst / perSecond - interval);
  let full = 0;
  return {
    ...{ name, knob, carries: 1 / (interval * entries) },
    enter(now) {
      const at = Math.max(now, full - tolerance);
      if (at > now && refuses) return undefined;
      full = Math.max(at, full) + interval;
      return at;
    },
  };
}

/** A function: as many processes as `most`, of which `first` may be there at once, and so many more each second. */
export function servers(
  options: Named & { seconds: number; most: number; first: number; morePerSecond: number },
): Station {
  const { name, knob, refuses = false, entries = 1, seconds, most, first, morePerSecond } = options;
  const free = new Heap<undefined>();
  let open = 0;
  return {
    ...{ name, knob, carries: most / (seconds * entries) },
    enter(now) {
      const opens = open < most ? Math.max(now, (open + 1 - first) / morePerSecond) : Number.POSITIVE_INFINITY;
      // One that is there, if it is free now: who is started in vain costs a cold start.
      const isNew = free.firstTime > now && opens < free.firstTime;
      const at = isNew ? opens : Math.max(now, free.firstTime);
      if (at > now && refuses) return undefined;
      if (isNew) open += 1;
      else free.take();
      free.put(at + seconds, undefined);
      return at + seconds;
    },
  };
}

export interface Simulated {
  /** Until jobs come out of the last station of the path, and of what follows: of those that got through, ascending. */
  readonly seconds: readonly number[];
  readonly secondsAfter: readonly number[];
  /** Answers that refused a delivery, which is then sent again. */
  readonly refused: number;
  /** Deliveries that were refused for a day. */
  readonly lost: number;
  /** When the last was done. */
  readonly end: number;
}

/** Gemini says that it tries again for 24 hours, ever more rarely; the pauses are assumed. */
const RETRY = { first: 10, longest: 3600, end: 24 * 3600 };

interface Job {
  readonly since: number;
  readonly step: number;
  readonly attempts: number;
}

/** @param perSecond jobs that end, at random moments */
export function simulate(
  path: readonly Station[],
  after: readonly Station[],
  perSecond: number,
  forSeconds: number,
): Simulated {
  // Numerical Recipes' linear congruential generator: the same at every run.
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const stations = [...path, ...after];
  const events = new Heap<Job>();
  const arriveAfter = (now: number) => {
    const since = now - Math.log(1 - random()) / perSecond;
    if (since < forSeconds) events.put(since, { since, step: 0, attempts: 0 });
  };
  const [seconds, secondsAfter]: [number[], number[]] = [[], []];
  let [refused, lost, end] = [0, 0, 0];
  arriveAfter(0);
  for (let event = events.take(); event !== undefined; event = events.take()) {
    const [now, { since, step, attempts }] = event;
    if (step === 0 && attempts === 0) arriveAfter(now);
    const out = stations[step]?.enter(now);
    if (step === path.length) seconds.push(now - since);
    if (step === stations.length) {
      secondsAfter.push(now - since);
      end = now;
    } else if (out !== undefined) {
      events.put(out, { since, step: step + 1, attempts });
    } else {
      refused += 1;
      const again = now + Math.min(RETRY.longest, RETRY.first * 2 ** attempts) * (0.5 + random());
      if (again - since > RETRY.end) lost += 1;
      else events.put(again, { since, step: 0, attempts: attempts + 1 });
    }
  }
  const ascending = (list: number[]) => list.toSorted((a, b) => a - b);
  return { seconds: ascending(seconds), secondsAfter: ascending(secondsAfter), refused, lost, end };
}

/** Binary, by time. */
class Heap<Item> {
  readonly #entries: (readonly [time: number, item: Item])[] = [];

  get firstTime(): number {
    return this.#timeOf(0);
  }

  put(time: number, item: Item): void {
    let at = this.#entries.push([time, item]) - 1;
    while (at > 0 && this.#timeOf((at - 1) >> 1) > time) at = this.#swap(at, (at - 1) >> 1);
  }

  take(): readonly [time: number, item: Item] | undefined {
    this.#swap(0, this.#entries.length - 1);
    const first = this.#entries.pop();
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const least = this.#timeOf(left) <= this.#timeOf(left + 1) ? left : left + 1;
      if (this.#timeOf(least) >= this.#timeOf(at)) return first;
      at = this.#swap(at, least);
    }
  }

  #timeOf(at: number): number {
    return this.#entries[at]?.[0] ?? Number.POSITIVE_INFINITY;
  }

  #swap(from: number, to: number): number {
    const [one, other] = [this.#entries[from], this.#entries[to]];
    if (one !== undefined && other !== undefined) [this.#entries[from], this.#entries[to]] = [other, one];
    return to;
  }
}
