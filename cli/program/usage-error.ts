/** What is wrong with a command as it was written, and how to write it. */
import { nearest } from '../../lambda/nearest.ts';

/**
 * @param message of yargs
 * @param help of the command that was meant, or of all
 */
export function explainUsage(message: string, help: string): string {
  const [, usage = 'gemini-webhooks <command>'] = /^(gemini-webhooks [^\n]*)/.exec(help) ?? [];
  const command = usage.split(/ [<[]/, 1)[0] ?? usage;
  const [, example] = /Examples:\n +(gemini-webhooks(?: ?\S)+)/.exec(help) ?? [];
  return [
    explain(message, { command, usage, help }),
    example && `For example:\n  ${example}`,
    `All of it: "${command} --help"`,
  ]
    .filter(Boolean)
    .join('\n');
}

function explain(
  message: string,
  { command, usage, help }: { readonly command: string; readonly usage: string; readonly help: string },
): string {
  if (message.startsWith('Not enough non-option arguments')) {
    const words = [...usage.matchAll(/<([\w-]+)>/g)].map(([, word = '']) => {
      const choices = new RegExp(`^ +${word} .*\\[choices: ([^\\]]+)\\]`, 'm').exec(help)?.[1]?.replaceAll('"', '');
      return choices === undefined ? `<${word}>` : `<${word}>, one of ${choices}`;
    });
    return `"${command}" needs ${words.join(' and ')}.`;
  }
  const [, unknown] = /^Unknown (?:argument|command)s?: (.+)$/.exec(message) ?? [];
  if (unknown !== undefined) {
    const options = [...help.matchAll(/--([a-z][a-z-]+)/g)].map(([, name = '']) => name);
    const commands = [...help.matchAll(/^ +gemini-webhooks ([a-z-]+)/gm)].map(([, name = '']) => name);
    const known = [...new Set([...options, ...commands])];
    return unknown
      .split(', ')
      .map((word) => {
        const meant = nearest(word, known);
        const isOption = meant !== undefined && options.includes(meant);
        return `There is no ${word}.${meant === undefined ? '' : ` Did you mean ${isOption ? '--' : ''}${meant}?`}`;
      })
      .join('\n');
  }
  const invalid = [...message.matchAll(/Argument: (\S+), Given: "?(.*?)"?, Choices: (.*)/g)];
  if (invalid.length > 0) {
    return invalid
      .map(([, name = '', given = '', list = '']) => {
        const choices = list.replaceAll('"', '').split(', ');
        const meant = nearest(given, choices);
        return `${name} is ${given}; give one of ${choices.join(', ')}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
      })
      .join('\n');
  }
  const [, missing] = /^Missing required arguments?: (.+)$/.exec(message) ?? [];
  if (missing !== undefined) return `"${command}" needs --${missing.split(', ').join(' and --')}.`;
  return message;
}
