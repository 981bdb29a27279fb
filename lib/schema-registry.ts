/** The schemas of the events, where downstream teams look for them: in a registry of EventBridge's. */
import { readdirSync, readFileSync } from 'node:fs';
import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-eventschemas';
import { Construct } from 'constructs';
import { EVENT_SOURCE, SCHEMA_VERSION } from '../lambda/contract.ts';
import { uniqueNameOf } from './shared/deployment-name.ts';

const FOLDER = new URL(`../schemas/${SCHEMA_VERSION}/`, import.meta.url);

export class SchemaRegistry extends Construct {
  readonly registryName: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const registry = new CfnRegistry(this, 'Registry', {
      registryName: uniqueNameOf(this),
      description: 'Events of the Gemini webhooks, and the manifests of stored outputs.',
    });
    this.registryName = registry.attrRegistryName;
    for (const file of readdirSync(FOLDER).toSorted()) {
      const name = file.replace(/\.json$/, '');
      new CfnSchema(this, name, {
        registryName: this.registryName,
        schemaName: `${EVENT_SOURCE}@${name}`,
        type: 'JSONSchemaDraft4',
        // Without the spaces: the content may have 100,000 characters.
        content: JSON.stringify(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))),
      });
    }
  }
}
