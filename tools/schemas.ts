/**
 * `npm run schemas`: writes the published schemas from the definitions in the code. Refuses a change that breaks a consumer:
 * that needs another SCHEMA_VERSION, and with it a folder of its own.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { JSON_OUTPUT } from '../cli/json-output.ts';
import { SCHEMA_VERSION } from '../lambda/contract.ts';
import { eventSchemas } from '../lambda/events/schemas.ts';
import { breakingChanges } from './schema-compatibility.ts';

const FOLDER = fileURLToPath(new URL(`../schemas/${SCHEMA_VERSION}`, import.meta.url));

const faults: string[] = [];
for (const [name, schema] of Object.entries(eventSchemas())) {
  const file = `${FOLDER}/${name}.json`;
  if (!existsSync(file)) continue;
  const breaking = breakingChanges(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(JSON.stringify(schema)));
  faults.push(...breaking.map((fault) => `${name}: ${fault}`));
}
if (faults.length > 0) {
  console.error(`Consumers would break:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
  console.error('Undo this, or raise SCHEMA_VERSION in lambda/contract.ts and say so in CHANGELOG.md.');
  process.exit(1);
}
mkdirSync(FOLDER, { recursive: true });
for (const [name, schema] of Object.entries(eventSchemas())) {
  writeFileSync(`${FOLDER}/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`);
}
const CLI_FOLDER = fileURLToPath(new URL('../schemas/cli', import.meta.url));
mkdirSync(CLI_FOLDER, { recursive: true });
for (const [command, schema] of Object.entries(JSON_OUTPUT)) {
  writeFileSync(`${CLI_FOLDER}/${command}.json`, `${JSON.stringify(z.toJSONSchema(schema), null, 2)}\n`);
}
console.log(`schemas/${SCHEMA_VERSION} and schemas/cli are up to date.`);
