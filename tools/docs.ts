/**
 * `npm run docs`: writes the table of docs/configuration.md. What a key is for and its default come from the comments of the
 * props, its form and its bounds from the list by which they are checked.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CONFIGURATION } from '../lib/config.ts';
import { type Field, fieldsOf } from '../lib/field-faults.ts';

const PAGE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const LIB = new URL('../lib/', import.meta.url);
const [BEGIN, END] = ['<!-- Written by npm run docs: begin -->\n', '<!-- end -->'];

interface Comment {
  readonly text: string;
  /** As it stands behind `@default`. */
  readonly defaultText: string | undefined;
  readonly type: string;
}

/** Of the members of all interfaces in lib/: `<interface>.<member>`. */
function readComments(): ReadonlyMap<string, Comment> {
  const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const sources = files.map((file) => readFileSync(new URL(file, LIB), 'utf8'));
  const interfaces = sources.flatMap((source) => [...source.matchAll(/^export interface (\w+).*\{\n([\s\S]*?)^\}/gm)]);
  const members = interfaces.flatMap(([, owner, body = '']) =>
    [...body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\??: ([^;]+);/g)].map(
      ([, comment = '', name, type = '']) => [`${owner}.${name}`, toComment(comment, type)] as const,
    ),
  );
  return new Map(members);
}

function toComment(comment: string, type: string): Comment {
  const plain = comment.replaceAll(/\s*\n\s*\* ?/g, ' ').trim();
  const [text = '', defaultText] = plain.split(/\s*@default /);
  return { text, defaultText, type };
}

/** Of each key, by the interface that has it: that of the props, or the one that the type of the key above names. */
function commentsOf(fields: readonly Field[]): ReadonlyMap<string, Comment> {
  const comments = readComments();
  const found = new Map<string, Comment>();
  for (const { key } of fields) {
    const [, above = '', name = ''] = /^(?:(.*)\.)?(\w+)$/.exec(key) ?? [];
    const type = found.get(above.replace(/\[\]$|\.<name>$/, ''))?.type ?? '';
    const owner = above === '' ? 'GeminiWebhooksProps' : (INTERFACE[type] ?? /\w+(?=\[\]$|$)/.exec(type)?.[0]);
    const comment = comments.get(`${owner}.${name}`);
    if (comment !== undefined) found.set(key, comment);
  }
  return found;
}

/** Of types that are no interface. */
const INTERFACE: Readonly<Record<string, string>> = { Monitoring: 'AlarmOptions', AlarmOverrides: 'AlarmOverride' };

/** As JSON writes what TypeScript writes. */
function inJson(text: string): string {
  return text
    .replaceAll(/(?:Duration|Size)\.(\w+)\((\d+)\)/g, '{"$1": $2}')
    .replaceAll(/(?:RetentionDays|RemovalPolicy)\.(\w+)/g, '"$1"');
}

export interface Row {
  readonly key: string;
  readonly type: string;
  readonly defaultText: string;
  /** As a comment has it, where that is no words. */
  readonly writtenDefault: string | undefined;
  readonly bounds: string;
  readonly what: string;
  readonly field: Field;
}

export function configurationRows(): Row[] {
  const fields = fieldsOf(CONFIGURATION);
  const comments = commentsOf(fields);
  return fields.map((field) => {
    const { key, type = 'object', bounds = '', what, isRequired, defaultValue } = field;
    const comment = comments.get(key);
    const written = comment?.defaultText ?? (defaultValue === undefined ? '' : JSON.stringify(defaultValue));
    const isValue = written !== '' && !written.startsWith('- ');
    return {
      ...{ key, type, bounds, field, writtenDefault: isValue ? comment?.defaultText : undefined },
      defaultText: isRequired ? 'required' : isValue ? `\`${inJson(written)}\`` : written.replace(/^- /, ''),
      what: what ?? inJson(comment?.text ?? ''),
    };
  });
}

/** In columns, as Biome formats it. */
function configurationTable(): string {
  const rows = configurationRows().map(({ key, type, defaultText, bounds, what }) => [
    `\`${key}\``,
    ...[type, defaultText, bounds, what],
  ]);
  const all = [['key', 'type', 'default', 'bounds', 'what it does'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const lines = all.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  );
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** The page with the table as it is now. */
export function configurationPage(): string {
  const page = readFileSync(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${PAGE} has no table; write ${BEGIN.trim()} and ${END} again.`);
  return page.slice(0, before) + BEGIN + configurationTable() + page.slice(after);
}

if (import.meta.main) writeFileSync(PAGE, configurationPage());
