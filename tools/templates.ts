/**
 * Writes the templates of the six configurations for a linter: `node tools/templates.ts <folder>`. Each is written once for
 * all Regions that have the same of everything; a line on the standard output has these Regions and the file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { missingIn } from '../lib/regions.ts';
import { CONFIGURATIONS } from '../test/lib/configurations.ts';
import { newStack } from '../test/lib/synthesize.ts';

const [folder = '.local/templates'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

// Gemini does not serve China, and nobody outside can lint for the isolated Regions.
const regions = RegionInfo.regions.map(({ name }) => name).filter((name) => !/^cn-|-iso|^eusc-/.test(name));
const groups = Map.groupBy(regions, (region) => missingIn(region).join('-') || 'complete');
for (const [missing, alike] of groups) {
  const [region] = alike;
  if (region === undefined || missing.includes('httpApi')) continue;
  for (const [name, props] of Object.entries(CONFIGURATIONS)) {
    const file = join(folder, `${name}.${missing}.json`);
    // Without a Region the template suits all of them; what they lack is left out by the props.
    const regionalFeatures = Object.fromEntries(missingIn(region).map((feature) => [feature, false]));
    const stack = newStack({ ...props, regionalFeatures });
    writeFileSync(file, JSON.stringify(Template.fromStack(stack).toJSON(), null, 2));
    console.log([alike.join(' '), file].join('\t'));
  }
}
