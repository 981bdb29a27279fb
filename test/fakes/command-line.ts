/** A command of the command line, with what it printed and told, and one answer to whatever it asks. */
import { run } from '../../cli/program.ts';

type Surroundings = Omit<Parameters<typeof run>[1], 'terminal' | 'pause'> & {
  /** How often a command that goes on may go on; a command that only waits between two steps always may. */
  readonly rounds?: number;
  readonly onPause?: () => void | Promise<void>;
  readonly columns?: number;
};

export async function runCommand(
  args: readonly string[],
  { rounds = Number.POSITIVE_INFINITY, onPause, columns, ...surroundings }: Surroundings,
  answer?: string,
) {
  const printed: string[] = [];
  const told: string[] = [];
  const progress: string[] = [];
  let left = rounds;
  const exitCode = await run([...args], {
    ...surroundings,
    pause: async () => {
      await onPause?.();
      left -= 1;
      return left >= 0;
    },
    terminal: {
      isInteractive: answer !== undefined,
      columns,
      print: (text) => void printed.push(text),
      tell: (text) => void told.push(text),
      progress: (text) => void progress.push(text),
      ask: async () => answer ?? '',
    },
  });
  return { exitCode, printed: printed.join('\n'), told: told.join('\n'), progress };
}
