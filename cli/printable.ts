/** Text that others wrote, made safe for a terminal, which obeys control characters and reorders what is written both ways. */

/** ESC, CSI, BEL, NUL, …; line and paragraph separators; what changes the direction; halves of a character. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\ufeff]/gu;

/** One line: every such character as `\u001b`, which is also how JSON writes it. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, escaped);
}

/** Several lines, as the program itself writes them. */
export function printableLines(text: string): string {
  return text.replaceAll(UNSAFE, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
