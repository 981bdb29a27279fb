/** The cloud assembly that `cdk synth` wrote: one stack, its template, and the folders of its functions' code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { LocalRunError } from '../shared/local-run-error.ts';

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({ type: z.string(), properties: z.record(z.string(), z.unknown()).optional() }),
  ),
});
const Assets = z.object({
  files: z.record(z.string(), z.object({ source: z.object({ path: z.string(), packaging: z.string() }) })),
});
/** Attributes and sections are kept, so that none is passed over in silence. */
const Template = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).optional() }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })).optional(),
});

/** Parameters and rules are those of CDK's bootstrap; a reference to a parameter stops the run by itself. */
const SECTIONS = ['Description', 'Metadata', 'Outputs', 'Parameters', 'Resources', 'Rules'];

export interface Assembly {
  readonly resources: z.infer<typeof Template>['Resources'];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The folder behind the S3 key of a function's code. @throws LocalRunError */
  assetDir(s3Key: string): string;
}

/** @throws LocalRunError when there is no assembly, or not one of one stack */
export function readAssembly(dir: string): Assembly {
  const { artifacts } = read(dir, 'manifest.json', Manifest);
  const stacks = Object.values(artifacts).filter(({ type }) => type === 'aws:cloudformation:stack');
  const [stack] = stacks;
  if (stack === undefined || stacks.length > 1) {
    throw new LocalRunError(`${dir} holds ${stacks.length} stacks, and the local run takes one.`);
  }
  const template = read(dir, String(stack.properties?.['templateFile']), Template);
  for (const section of Object.keys(template)) {
    if (!SECTIONS.includes(section)) {
      throw new LocalRunError(
        `The template has ${section}, which the local run does not know. Add it to local/template/assembly.ts.`,
      );
    }
  }
  const assetFiles = Object.values(artifacts)
    .filter(({ type }) => type === 'cdk:asset-manifest')
    .flatMap(({ properties }) => Object.entries(read(dir, String(properties?.['file']), Assets).files));
  const assets = new Map(assetFiles);
  return {
    resources: template.Resources,
    outputs: Object.fromEntries(Object.entries(template.Outputs ?? {}).map(([name, { Value }]) => [name, Value])),
    assetDir(s3Key) {
      const asset = assets.get(s3Key.replace(/\.zip$/, ''));
      if (asset === undefined)
        throw new LocalRunError(`The assembly in ${dir} has no asset ${s3Key}. Synthesize again.`);
      return join(dir, asset.source.path);
    },
  };
}

function read<Output>(dir: string, file: string, schema: z.ZodType<Output>): Output {
  const path = join(dir, file);
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new LocalRunError(`${path} cannot be read. Run "npm run synth" first.`, { cause });
  }
}
