import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readPage } from './markdown.ts';

const DOCS = new URL('../../docs/', import.meta.url);
const ROOT = new URL('../../', import.meta.url);
const pages = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));

it('finds the pages that it is to check', () => {
  expect(pages).toEqual(expect.arrayContaining(['architecture.md', 'events.md']));
});

it.each(pages)('docs/%s links to files, and names files, that exist', (name) => {
  const page = readPage(name);
  const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
    ([, path = '']) => new URL(path, new URL(name, DOCS)),
  );
  const named = [...page.matchAll(/`((?:bin|lambda|lib|local|test)\/[\w./-]+\.\w+)`/g)].map(
    ([, path = '']) => new URL(path, ROOT),
  );
  expect([...links, ...named].filter((url) => !existsSync(url)).map(({ pathname }) => pathname)).toEqual([]);
});
