/** Runs a scenario once for every way in which its choices can fall. */

/** Picks one of so many alternatives; the explorer sees to it that each is picked once. */
export type Choose = (count: number) => number;

export interface Exploration {
  readonly runs: number;
  /** The choices of the first run that failed, and what failed. */
  readonly failure: { readonly choices: readonly number[]; readonly error: unknown } | undefined;
}

/** @param onProgress hears of the number of runs now and then */
export async function explore(
  scenario: (choose: Choose) => Promise<void>,
  onProgress: (runs: number) => void = () => {},
): Promise<Exploration> {
  let path: { choice: number; readonly count: number }[] = [];
  for (let runs = 1; ; runs += 1) {
    let depth = 0;
    const choose: Choose = (count) => {
      const known = path[depth];
      if (known === undefined) path.push({ choice: 0, count });
      else if (known.count !== count) throw new Error('The scenario is not deterministic');
      depth += 1;
      return path[depth - 1]?.choice ?? 0;
    };
    try {
      await scenario(choose);
    } catch (error) {
      return { runs, failure: { choices: path.map(({ choice }) => choice), error } };
    }
    if (runs % 20_000 === 0) onProgress(runs);
    path = nextPath(path);
    if (path.length === 0) return { runs, failure: undefined };
  }
}

/** The last choice that has another alternative takes it; what came after is forgotten. */
function nextPath(path: readonly { choice: number; readonly count: number }[]) {
  const next = [...path];
  for (let last = next.pop(); last !== undefined; last = next.pop()) {
    if (last.choice + 1 < last.count) return [...next, { choice: last.choice + 1, count: last.count }];
  }
  return [];
}
