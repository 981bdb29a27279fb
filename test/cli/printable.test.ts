import { describe, expect, it } from 'vitest';
import { printable, printableLines } from '../../cli/printable.ts';
import { createTerminal } from '../../cli/terminal.ts';

describe('what others wrote', () => {
  it.each([
    ['ESC and CSI', 'a\u001b[2Jb', 'a\\u001b[2Jb'],
    ['CSI of eight bits', 'a\u009b31mb', 'a\\u009b31mb'],
    ['BEL', 'a\u0007', 'a\\u0007'],
    ['a title of the window', '\u001b]0;owned\u0007', '\\u001b]0;owned\\u0007'],
    ['RIGHT-TO-LEFT OVERRIDE', 'gpj\u202eexe', 'gpj\\u202eexe'],
    ['an isolate', '\u2066x\u2069', '\\u2066x\\u2069'],
    ['a newline', 'a\nfake row', 'a\\u000afake row'],
    ['a carriage return', 'a\rb', 'a\\u000db'],
    ['a tab', 'a\tb', 'a\\u0009b'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
    ['half a character', 'a\ud800b', 'a\\ud800b'],
    ['DEL', 'a\u007f', 'a\\u007f'],
  ])('cannot act on a terminal: %s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('is left as it is where it is harmless', () => {
    expect(printable('Größe 漢字 😀 עברית')).toBe('Größe 漢字 😀 עברית');
    expect(printableLines('two\nlines\u001b')).toBe('two\nlines\\u001b');
  });
});

function fakeStreams(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 40, write: (text: string) => void written.push(text) };
  return { written, terminal: createTerminal(stream, stream, { isTTY } as NodeJS.ReadStream) };
}

describe('the terminal', () => {
  it('escapes whatever is printed, noted or shown as progress', () => {
    const { written, terminal } = fakeStreams(true);

    terminal.print('job \u001b[31mred');
    terminal.note('why \u0007');
    terminal.progress('at \u001b[2J\n1 of 2');
    terminal.print('done');

    expect(written).toEqual([
      'job \\u001b[31mred\n',
      'why \\u0007\n',
      'at \\u001b[2J\\u000a1 of 2',
      '\r\u001b[K',
      'done\n',
    ]);
  });

  it('moves one line at a terminal, and writes nothing of it elsewhere', () => {
    const { written, terminal } = fakeStreams(false);

    terminal.progress('1 of 2');
    terminal.progress('');

    expect(written).toEqual([]);
  });

  it('breaks neither a word nor a command, and leaves commands on lines of their own alone', () => {
    const { written, terminal } = fakeStreams(true);

    terminal.note(
      'Nothing is there yet. "gemini-webhooks jobs --state waiting" shows why.\n  aws logs tail /a/very/long/name --since 10m\n- one thing that is longer than forty characters',
    );

    expect(written).toEqual([
      [
        'Nothing is there yet.',
        '"gemini-webhooks jobs --state waiting"',
        'shows why.',
        '  aws logs tail /a/very/long/name --since 10m',
        '- one thing that is longer than forty',
        '  characters',
        '',
      ].join('\n'),
    ]);
  });
});
