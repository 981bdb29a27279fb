import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { thirdPartiesIn, toNotices } from '../../tools/notices.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notices-'));
});

function write(path: string, content: unknown): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

function bundleOf(...sources: string[]): readonly string[] {
  write('dist/functions/one/index.mjs.map', { sources: sources.map((source) => `../../${source}`) });
  return [join(folder, 'dist/functions/one/index.mjs.map')];
}

const MANIFEST = { name: 'left', version: '1.2.3', license: 'MIT' };

describe('the notices', () => {
  it('name each package once, the innermost of nested ones, and nothing of this repository', () => {
    write('node_modules/@outer/one/package.json', { name: '@outer/one', version: '2.0.0', license: 'ISC' });
    write('node_modules/@outer/one/LICENCE.md', 'Text of one');
    write('node_modules/@outer/one/node_modules/left/package.json', MANIFEST);
    write('node_modules/@outer/one/node_modules/left/license', 'Text of left');
    const maps = bundleOf(
      ...['node_modules/@outer/one/a.js', 'node_modules/@outer/one/b.js', 'lambda/contract.ts'],
      'node_modules/@outer/one/node_modules/left/index.js',
    );

    expect(thirdPartiesIn(maps, folder)).toEqual([
      { name: '@outer/one', version: '2.0.0', license: 'ISC', text: 'Text of one' },
      { name: 'left', version: '1.2.3', license: 'MIT', text: 'Text of left' },
    ]);
  });

  it('pass on a NOTICE beside the licence', () => {
    write('node_modules/left/package.json', MANIFEST);
    write('node_modules/left/LICENSE', 'The licence');
    write('node_modules/left/NOTICE', 'The notice');

    expect(thirdPartiesIn(bundleOf('node_modules/left/index.js'), folder)[0]?.text).toBe('The licence\n\nThe notice');
  });

  it('take the text from the README where there is no file of its own', () => {
    write('node_modules/left/package.json', MANIFEST);
    write('node_modules/left/README.md', '# left\n\nLicense\n-------\n\nCopyright (c) somebody\n');

    expect(thirdPartiesIn(bundleOf('node_modules/left/index.js'), folder)[0]?.text).toBe('Copyright (c) somebody');
  });

  it('refuse a package without the text of a licence that asks for it, and one without a licence', () => {
    write('node_modules/left/package.json', MANIFEST);
    const maps = bundleOf('node_modules/left/index.js');
    expect(() => thirdPartiesIn(maps, folder)).toThrow('left 1.2.3 (MIT) brings no text of its licence');

    write('node_modules/left/package.json', { ...MANIFEST, license: undefined });
    expect(() => thirdPartiesIn(maps, folder)).toThrow('left 1.2.3 names no licence');
  });

  it('print a text once for all that share it', () => {
    const shared = { version: '1.0.0', license: 'Apache-2.0', text: 'Apache' };
    const notices = toNotices([
      { ...shared, name: 'a' },
      { ...MANIFEST, text: 'MIT' },
      { ...shared, name: 'b' },
    ]);

    expect(notices.match(/^Apache$/gm)).toHaveLength(1);
    expect(notices).toContain('a 1.0.0 (Apache-2.0)\nb 1.0.0 (Apache-2.0)\n\nApache\n');
    expect(notices).toContain('left 1.2.3 (MIT)\n\nMIT\n');
  });
});
