/** Guesses which word was meant by a misspelt one, in the props and on the command line. */

/** The word that takes the fewest changes to write, in capital or small letters; undefined when none is near. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  const near = words
    .map((word) => ({ word, changes: changesBetween(written.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, changes }) => changes <= Math.max(1, Math.floor(Math.min(word.length, written.length) / 3)))
    .toSorted((a, b) => a.changes - b.changes);
  return near[0]?.word;
}

/** Letters that are put in, left out or exchanged (Levenshtein), where two that are swapped are one change. */
function changesBetween(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const changes = [(row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1)];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) changes.push((before[j - 2] ?? 0) + 1);
      next.push(Math.min(...changes));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? a.length;
}
