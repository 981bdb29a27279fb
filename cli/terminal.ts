/** Who called: a person at a terminal, or a program behind a pipe. */
import { createInterface } from 'node:readline/promises';
import { printable, printableLines } from './printable.ts';
import { wrapText } from './table.ts';

export interface Terminal {
  readonly isInteractive: boolean;
  /** Width of standard output; undefined where it is no terminal, and nothing has to fit. */
  readonly columns: number | undefined;
  /** To standard output: what was asked for. */
  print(text: string): void;
  /** To standard error: explanations, so that the output can be piped. */
  note(text: string): void;
  /** To standard error, over the last one; an empty text ends it. Nothing where there is no terminal. */
  progress(text: string): void;
  ask(question: string): Promise<string>;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Whatever is written passes here: nothing that an event holds is obeyed by a terminal. */
export function createTerminal(output: Stream, errors: Stream, input: NodeJS.ReadStream): Terminal {
  const isTerminal = errors.isTTY === true;
  let isMoving = false;
  const clear = () => {
    if (isMoving) errors.write('\r\x1b[K');
    isMoving = false;
  };
  return {
    isInteractive: input.isTTY === true && isTerminal,
    columns: output.isTTY ? output.columns : undefined,
    print(text) {
      clear();
      output.write(`${printableLines(text)}\n`);
    },
    note(text) {
      clear();
      errors.write(`${printableLines(wrapText(text, isTerminal ? errors.columns : undefined))}\n`);
    },
    progress(text) {
      if (!isTerminal) return;
      clear();
      if (text === '') return;
      errors.write(printable(text).slice(0, (errors.columns ?? 80) - 1));
      isMoving = true;
    },
    async ask(question) {
      clear();
      const prompt = createInterface({ input, output: process.stderr });
      try {
        return await prompt.question(printable(question));
      } finally {
        prompt.close();
      }
    },
  };
}
