/** Rows as they come: whoever follows sees each that is new or has changed, until the command is ended. */
import type { CommandContext } from './context.ts';
import { printable, printableLines } from './printable.ts';

/** How often it is looked for them. */
const INTERVAL_MS = 2000;

export interface Followed<Row> {
  /** Newest first. */
  read(): Promise<readonly Row[]>;
  /** Two rows are the same job when this is the same. */
  idOf(row: Row): string;
  cellsOf(row: Row): readonly string[];
}

/** @param known rows that were shown already */
export async function follow<Row>(
  { terminal, json, pause }: CommandContext,
  { read, idOf, cellsOf }: Followed<Row>,
  known: readonly Row[],
): Promise<void> {
  const seen = new Set(known.map(idOf));
  while (await pause(INTERVAL_MS)) {
    const fresh = (await read()).filter((row) => !seen.has(idOf(row))).toReversed();
    for (const row of fresh) {
      seen.add(idOf(row));
      terminal.print(json ? printableLines(JSON.stringify(row)) : cellsOf(row).map(printable).join('  '));
    }
  }
}
