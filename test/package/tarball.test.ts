/** What `npm pack` would take, dist aside. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
let packed: readonly string[] = [];

beforeAll(() => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
  const listed = execFileSync('npm', args, { cwd: fileURLToPath(ROOT), encoding: 'utf8' });
  packed = packedFiles(JSON.parse(listed));
});

/** npm 10 answers a list, npm 12 an object by name. */
function packedFiles(listed: Readonly<Record<string, { readonly files: readonly { readonly path: string }[] }>>) {
  return Object.values(listed).flatMap(({ files }) => files.map(({ path }) => path));
}

describe('the pages in the tarball', () => {
  it('link to what is in it, or to a whole URL', () => {
    const pages = packed.filter((path) => path.endsWith('.md') && !path.startsWith('dist/'));
    const dead = pages.flatMap((page) => {
      const text = readFileSync(new URL(page, ROOT), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
      return [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
        .map(([, path = '']) => posix.join(posix.dirname(page), path))
        .filter((path) => !packed.some((file) => file === path || file.startsWith(`${path}/`)))
        .map((path) => `${page}: ${path}`);
    });

    expect(pages).toEqual(expect.arrayContaining(['README.md', 'SECURITY.md', 'docs/decisions/0010-job-ledger.md']));
    expect(dead).toEqual([]);
  });

  it('come with the examples that they quote, which import the package by its name', () => {
    const examples = packed.filter((path) => path.startsWith('examples/') && path.endsWith('.ts'));
    const sources = examples.map((path) => readFileSync(new URL(path, ROOT), 'utf8'));

    expect(examples).toContain('examples/waf.ts');
    expect(sources.filter((source) => /from '\.\.\//.test(source))).toEqual([]);
    expect(sources.filter((source) => source.includes("from 'gemini-webhooks-aws'")).length).toBeGreaterThan(0);
  });
});
