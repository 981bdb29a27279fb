/** What the pages name exists: files and what is in them, npm scripts, commands with their arguments. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commandNames, misunderstood } from './commands.ts';

const ROOT = new URL('../../', import.meta.url);
const isPage = (name: string) => name.endsWith('.md');
const pages = [
  ...readdirSync(ROOT).filter(isPage),
  ...readdirSync(new URL('docs/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter(isPage)
    .map((name) => `docs/${name}`),
  ...['local/README.md'],
];
const read = (name: string) => readFileSync(new URL(name, ROOT), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

it('finds the pages that it is to check', () => {
  expect(pages).toEqual(
    expect.arrayContaining(['README.md', 'docs/architecture.md', 'docs/decisions/0010-job-ledger.md']),
  );
});

it.each(pages)('%s links to files, and names files, that exist', (name) => {
  const page = read(name);
  const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
    ([, path = '']) => new URL(path, new URL(name, ROOT)),
  );
  const named = [...page.matchAll(/`((?:bin|lambda|lib|local|test|cli|tools|examples)\/[\w./-]+\.\w+)`/g)].map(
    ([, path = '']) => new URL(path, ROOT),
  );
  expect([...links, ...named].filter((url) => !existsSync(url)).map(({ pathname }) => pathname)).toEqual([]);
});

it.each(pages)('%s names npm scripts and commands that exist', (name) => {
  const page = read(name);
  const run = [...page.matchAll(/npm run ([\w-]+(?::[\w-]+)?)/g)].map(([, script = '']) => script);
  const commands = [
    ...page.matchAll(/(?:[`\n]|-- )gemini-webhooks ([a-z][\w-]*)|npm run cli -- ([a-z][\w-]*)/g),
  ].flatMap(([, one, other]) => one ?? other ?? []);

  expect(run.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
  expect(commands.filter((command) => !commandNames().includes(command))).toEqual([]);
});

it.each(pages)('%s names what is in the file that it names', (name) => {
  const named = [...read(name).matchAll(/`(\w+)` in `((?:lambda|lib|local|cli|test)\/[\w./-]+\.ts)`/g)];

  expect(named.filter(([, word = '', path = '']) => !new RegExp(`\\b${word}\\b`).test(read(path))).map(String)).toEqual(
    [],
  );
});

/** What the pages put in the place of a value. */
const VALUES = { '<job type>': 'batch', '<job>': 'batches/k2q9x7d4', '<time>': '2026-11-24T05:00:00Z' };

it.each(pages)('%s gives commands that the program understands', async (name) => {
  const given = [
    ...read(name).matchAll(/(?:gemini-webhooks|npm run cli --) ([a-z][a-z-]* [^`\n|>]*(?:<[a-z ]+>[^`\n|>]*)*)`/g),
  ];
  const commands = given.map(([, command = '']) =>
    Object.entries(VALUES).reduce((text, [placeholder, value]) => text.replaceAll(placeholder, value), command.trim()),
  );

  const answers = await Promise.all([...new Set(commands)].map(misunderstood));
  expect(answers.filter((answer) => answer !== undefined)).toEqual([]);
});

it('finds the commands that it is to check', async () => {
  expect(await misunderstood('rotate signing-secret --revoke')).toBeUndefined();
  expect(await misunderstood('rotate')).toMatch(/^rotate: /);
  expect(await misunderstood('replay --since 2h')).toMatch(/^replay --since 2h: /);
});

it('CONTRIBUTING.md explains every npm script', () => {
  const page = read('CONTRIBUTING.md');
  // npm calls it, and nobody else.
  const own = Object.keys(scripts).filter((script) => script !== 'prepack');

  expect(own.filter((script) => !new RegExp(`[\`:] ?(?:npm (?:run )?)?${script}\\b`).test(page))).toEqual([]);
});

it('README.md is short, and has the two commands that do the set-up', () => {
  const page = read('README.md');

  expect(page.split('\n').length).toBeLessThanOrEqual(130);
  expect(page).toContain('\nnpm ci && npm start\n');
  expect(page).toContain('\nnpm ci && npm test\n');
});
