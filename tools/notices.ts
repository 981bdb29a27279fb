/**
 * THIRD-PARTY-NOTICES.txt of the package: what the functions' bundles hold of other people's code, with the licences that ask
 * to be passed on. The source maps of the bundles say what is in them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ThirdParty {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

/**
 * @param maps paths of the bundles' source maps
 * @param root of the repository, in which their sources are
 */
export function thirdPartiesIn(maps: readonly string[], root: string): readonly ThirdParty[] {
  const folders = new Set(maps.flatMap((map) => sourcesOf(map).flatMap((source) => packageFolder(source) ?? [])));
  return [...folders].map((folder) => readPackage(join(root, folder))).sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

/** Packages with the same text share it: nearly all of the AWS SDK does. */
export function toNotices(parties: readonly ThirdParty[]): string {
  const byText = Map.groupBy(parties, ({ text }) => text);
  const sections = [...byText].map(([text, sharing]) => {
    const heading = sharing.map((party) => `${idOf(party)} (${party.license})`).join('\n');
    return `${heading}\n\n${text}\n`;
  });
  const intro =
    'The bundles in dist/functions hold code of the packages below, each under the licence that follows it.\n';
  return [intro, ...sections].join(`\n${'-'.repeat(80)}\n\n`);
}

function sourcesOf(map: string): readonly string[] {
  const { sources }: { readonly sources: readonly string[] } = JSON.parse(readFileSync(map, 'utf8'));
  // They lead there from the folder for which the bundles were made, and not from where the map is.
  return sources.map((source) => source.replace(/^(?:\.\.\/)+/, ''));
}

/** The innermost package that a file belongs to; none for this repository's own. */
function packageFolder(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function readPackage(folder: string): ThirdParty {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string')
    throw new Error(`${name} ${version} names no licence. Look it up before it is bundled.`);
  return { name, version, license, text: licenceText(folder, license, `${name} ${version}`) };
}

function licenceText(folder: string, license: string, id: string): string {
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)(\.\w+)?$/i.test(file))
    .sort();
  if (files.length > 0) return files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
  const readme = join(folder, 'README.md');
  const [, section] = existsSync(readme) ? readFileSync(readme, 'utf8').split(/^(?:#+ License|License\n-+)$/im) : [];
  // MIT without the attribution clause: nothing has to be passed on.
  if (license === 'MIT-0') return 'MIT No Attribution: https://spdx.org/licenses/MIT-0.html';
  if (section === undefined)
    throw new Error(`${id} (${license}) brings no text of its licence. Add it to tools/notices.ts.`);
  return section.trim();
}

function idOf({ name, version }: ThirdParty): string {
  return `${name} ${version}`;
}
