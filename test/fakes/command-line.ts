/** A command of the command line, with what it printed and noted, and one answer to whatever it asks. */
import { JSON_OUTPUT } from '../../cli/json-output.ts';
import { run } from '../../cli/program/program.ts';

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
  const noted: string[] = [];
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
      note: (text) => void noted.push(text),
      progress: (text) => void progress.push(text),
      ask: async () => answer ?? '',
    },
  });
  const [command = ''] = args;
  // What programs rely on: a test that looks at other fields than these would not notice a change of them.
  if (args.includes('--json') && printed[0] !== undefined) JSON_OUTPUT[command]?.parse(JSON.parse(printed[0]));
  return { exitCode, printed: printed.join('\n'), noted: noted.join('\n'), progress };
}
