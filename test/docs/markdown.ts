/** Reads the pages of docs/: sections, fenced blocks and tables, as far as the tests need them. */
import { readFileSync } from 'node:fs';

export interface Section {
  readonly heading: string;
  readonly text: string;
}

export function readPage(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
}

/** From each heading, of whatever level, to the next. */
export function sectionsOf(page: string): Section[] {
  return page
    .split(/^#{2,} /m)
    .slice(1)
    .map((part) => {
      const [heading = '', ...lines] = part.split('\n');
      return { heading, text: lines.join('\n') };
    });
}

export function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , code = '']) => code);
}

/** The first cells of a table's rows, without their backticks; the table is the first after `mark`. */
export function firstColumnAfter(page: string, mark: string): string[] {
  const start = page.indexOf(mark);
  if (start < 0) throw new Error(`The page has no ${mark}`);
  const table = /(?:^\|.*\n)+/m.exec(page.slice(start))?.[0] ?? '';
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => /^\| `([^`]+)`/.exec(row)?.[1] ?? row);
}
