/** What every command is given: the deployment, the options of all commands, and how to speak to whoever called. */
import { createInterface } from 'node:readline/promises';
import { CliError } from './cli-error.ts';
import type { Deployment } from './deployment.ts';
import { renderTable } from './table.ts';

export interface Terminal {
  readonly isInteractive: boolean;
  /** To standard output: what was asked for. */
  print(text: string): void;
  /** To standard error: progress and explanations, so that the output can be piped. */
  tell(text: string): void;
  ask(question: string): Promise<string>;
}

export interface CommandContext {
  readonly deployment: Deployment;
  readonly terminal: Terminal;
  /** Undefined where nobody chose. */
  readonly source: string | undefined;
  readonly json: boolean;
  /** Does not ask. */
  readonly yes: boolean;
  readonly now: Date;
}

export const processTerminal: Terminal = {
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  print: (text) => console.log(text),
  tell: (text) => console.error(text),
  async ask(question) {
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await prompt.question(question);
    } finally {
      prompt.close();
    }
  },
};

/** A table for people, an array of objects for programs. */
export function show(
  { terminal, json }: CommandContext,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  nothing: string,
): void {
  if (json) {
    const objects = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? ''])));
    terminal.print(JSON.stringify(objects, null, 2));
  } else terminal.print(rows.length === 0 ? nothing : renderTable(columns, rows));
}

/** @throws CliError when the answer is not yes, or nobody can be asked */
export async function confirm({ terminal, yes }: CommandContext, question: string): Promise<void> {
  if (yes) return;
  if (!terminal.isInteractive) throw new CliError('Nobody can be asked here. Add --yes to go on without.', 2);
  const answer = await terminal.ask(`${question} [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CliError('Nothing was done.');
}
