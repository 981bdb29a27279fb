import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  /** It came in the tarball of the package around it, whose hash covers it. */
  readonly inBundle?: boolean;
}
const { packages }: { packages: Readonly<Record<string, Locked>> } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
);
// The others are this repository's own folders.
const installed = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);

describe('package-lock.json', () => {
  it('has a hash for every package, those of other platforms included', () => {
    expect(installed.length).toBeGreaterThan(400);
    const unchecked = installed.filter(
      ([, { inBundle, integrity = '' }]) => !inBundle && !/^sha512-.{88}$/.test(integrity),
    );
    expect(unchecked.map(([path]) => path)).toEqual([]);
  });

  it('names no registry, so that each machine asks its own', () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
  });
});
