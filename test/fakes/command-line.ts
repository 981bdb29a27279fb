/** A command of the command line, with what it printed and told, and one answer to whatever it asks. */
import { run } from '../../cli/program.ts';

type Surroundings = Omit<Parameters<typeof run>[1], 'terminal'>;

export async function runCommand(args: readonly string[], surroundings: Surroundings, answer?: string) {
  const printed: string[] = [];
  const told: string[] = [];
  const exitCode = await run([...args], {
    ...surroundings,
    terminal: {
      isInteractive: answer !== undefined,
      print: (text) => void printed.push(text),
      tell: (text) => void told.push(text),
      ask: async () => answer ?? '',
    },
  });
  return { exitCode, printed: printed.join('\n'), told: told.join('\n') };
}
