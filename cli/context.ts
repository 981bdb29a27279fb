/** What every command is given: the deployment, the options of all commands, and how to speak to whoever called. */
import { CliError } from './cli-error.ts';
import type { Deployment } from './deployment.ts';
import { printableLines } from './printable.ts';
import { type Column, renderRows, wrapText } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly deployment: Deployment;
  readonly terminal: Terminal;
  /** The Gemini project; undefined where nobody chose. */
  readonly project: string | undefined;
  readonly json: boolean;
  /** Does not ask. */
  readonly yes: boolean;
  /** When the command began. */
  readonly now: Date;
  readonly clock: () => Date;
  /** @returns false when the command is to end */
  readonly pause: (milliseconds: number) => Promise<boolean>;
}

/** A table for people, the rows themselves for programs. */
export function show<Row>(
  context: CommandContext,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  nothing = '',
): void {
  const { terminal, json } = context;
  if (json) printJson(context, rows);
  else terminal.print(rows.length === 0 ? nothing : renderRows(columns, rows, terminal.columns));
}

/** A sentence for people, a value for programs. */
export function say(context: CommandContext, value: object, text: string): void {
  if (context.json) printJson(context, value);
  else context.terminal.print(wrapText(text, context.terminal.columns));
}

/** Characters that a terminal would obey are escaped as JSON escapes them. */
function printJson({ terminal }: CommandContext, value: unknown): void {
  terminal.print(printableLines(JSON.stringify(value, null, 2)));
}

/** @throws CliError when the answer is not yes, or nobody can be asked */
export async function confirm({ terminal, yes }: CommandContext, question: string): Promise<void> {
  if (yes) return;
  if (!terminal.isInteractive) {
    throw new CliError('This command asks before it changes something, and nobody can be asked here. Add --yes.', 2);
  }
  const answer = await terminal.ask(`${question} [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CliError('Nothing was changed.');
}

/** In seconds. */
export function elapsedSince({ clock }: CommandContext, then: Date): number {
  return (clock().getTime() - then.getTime()) / 1000;
}
