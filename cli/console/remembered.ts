/** What was read a moment ago is shown at once, and read again behind it: a page that is open hears of the change. */

export interface RememberedOptions {
  readonly clock: () => Date;
  /** Younger than this it is not read again. */
  readonly freshMs: number;
  /** Older than this it is not shown any more. */
  readonly staleMs: number;
}

interface Entry<Value> {
  readonly at: number;
  readonly value: Value;
}

/** So many questions are remembered; the oldest answer goes first. */
const MOST = 50;

/** @param read its errors are those of whoever asked, and are not remembered */
export function remembered<Question extends readonly unknown[], Value>(
  { clock, freshMs, staleMs }: RememberedOptions,
  read: (...question: Question) => Promise<Value>,
): (...question: Question) => Promise<Value> {
  const entries = new Map<string, Entry<Value>>();
  const reading = new Map<string, Promise<Value>>();
  const readNow = (key: string, question: Question): Promise<Value> => {
    const begun = reading.get(key);
    if (begun !== undefined) return begun;
    const at = clock().getTime();
    const promise = read(...question)
      .then((value) => {
        entries.delete(key);
        entries.set(key, { at, value });
        for (const oldest of [...entries.keys()].slice(0, -MOST)) entries.delete(oldest);
        return value;
      })
      .finally(() => reading.delete(key));
    reading.set(key, promise);
    return promise;
  };
  return async (...question) => {
    const key = JSON.stringify(question);
    const entry = entries.get(key);
    const age = entry === undefined ? Number.POSITIVE_INFINITY : clock().getTime() - entry.at;
    if (entry === undefined || age >= staleMs) return await readNow(key, question);
    // Whoever asks next hears of an error.
    if (age >= freshMs) readNow(key, question).catch(() => entries.delete(key));
    return entry.value;
  };
}
