/** The functions' bundles: ES modules by esbuild, all in one call, since what they share is then parsed once. */
import { createRequire } from 'node:module';
import { basename, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as Esbuild from 'esbuild';
import { FUNCTION_NAMES, moduleOf } from './functions.ts';

const PROJECT_ROOT = fileURLToPath(new URL('..', import.meta.url));
const LAMBDA = join(PROJECT_ROOT, 'lambda');
const ENVIRONMENT_CREDENTIALS = join(LAMBDA, 'shared', 'environment-credentials.ts');
/** Nothing is written there: source maps name the sources from here, so that a bundle is the same wherever it goes. */
const OUT = join(PROJECT_ROOT, 'cdk.out');

/** Contents by file name. */
export type Bundle = ReadonlyMap<string, Uint8Array>;

/** Of each bundle; esbuild itself is not needed for them. */
export const BUNDLE_OPTIONS = {
  absWorkingDir: PROJECT_ROOT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  minify: true,
  sourcemap: true,
  // The map names lines; the sources themselves are in the repository.
  sourcesContent: false,
  // A third of a bundle would be ways to find credentials that are in the environment anyway.
  alias: { '@aws-sdk/credential-provider-node': ENVIRONMENT_CREDENTIALS },
  // CommonJS dependencies call `require` for Node's own modules; an ES module has none.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  logLevel: 'warning',
} satisfies Esbuild.BuildOptions;

const bundled = new Map<string, Bundle>();

/** @param entry path of a module that exports `handler`; one of this project's brings all others with it */
export function bundleOf(entry: string): Bundle {
  const known = bundled.get(entry);
  if (known !== undefined) return known;
  const built = bundle(entry.startsWith(LAMBDA + sep) ? FUNCTION_NAMES.map(moduleOf) : [entry]);
  for (const [path, files] of built) bundled.set(path, files);
  return built.get(entry) ?? new Map();
}

function bundle(entries: readonly string[]): ReadonlyMap<string, Bundle> {
  // In the package, which brings its bundles along, there is no esbuild.
  const { buildSync }: typeof Esbuild = createRequire(import.meta.url)('esbuild');
  const { outputFiles } = buildSync({
    ...BUNDLE_OPTIONS,
    entryPoints: entries.map((path, index) => ({ in: path, out: `${index}/index` })),
    outdir: OUT,
    outExtension: { '.js': '.mjs' },
    write: false,
  });
  return new Map(
    entries.map((path, index) => {
      const own = outputFiles.filter((file) => file.path.startsWith(join(OUT, String(index)) + sep));
      return [path, new Map(own.map((file) => [basename(file.path), file.contents]))];
    }),
  );
}
