/** Synthesizes the stack as `cdk.json` configures it, without bundling the functions: seconds that no template test needs. */
import { readFileSync } from 'node:fs';
import { App, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { type GeminiWebhooksProps, Monitoring, WebhooksStack } from '../../lib/index.ts';

const MONITORING = Monitoring.alarms({ email: 'on-call@example.com' });
const CDK_JSON = new URL('../../cdk.json', import.meta.url);

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** Alarms by e-mail, if nothing else is asked for. */
export function newStack(
  webhooks: Partial<GeminiWebhooksProps> = {},
  { id = 'GeminiWebhooks', ...stack }: StackProps & { readonly id?: string } = {},
): WebhooksStack {
  const { context } = JSON.parse(readFileSync(CDK_JSON, 'utf8'));
  const app = new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
  return new WebhooksStack(app, id, {
    ...stack,
    webhooks: { monitoring: MONITORING, ...webhooks },
  });
}

let standard: Template | undefined;

/** Without props always the same template, which is not to be changed. */
export function synthesize(webhooks?: Partial<GeminiWebhooksProps>): Template {
  if (webhooks !== undefined) return withoutHashes(Template.fromStack(newStack(webhooks)));
  standard ??= withoutHashes(Template.fromStack(newStack()));
  return standard;
}

/** With logical ids that say where in the tree a resource stands, and nothing of the CDK's hash: only those of what keeps data are for ever. */
export function withoutHashes(template: Template): Template {
  const json = template.toJSON();
  const plain = JSON.parse(JSON.stringify(json).replace(/\b(GeminiWebhooks\w*?)[A-F0-9]{8}\b/g, '$1'));
  const [before, after] = [json, plain].map(({ Resources }) => Object.keys(Resources).length);
  if (before !== after) throw new Error('Two resources differ in nothing but the hash of their logical ids.');
  return Template.fromJSON(plain);
}

/** Resources of a type by logical id. */
export function resourcesOf(template: Template, type: string): Record<string, Resource> {
  return template.findResources(type) as Record<string, Resource>;
}

/** The one resource of a type whose logical id begins so. */
export function resourceOf(template: Template, type: string, idPrefix: string): Resource {
  const found = Object.entries(resourcesOf(template, type)).filter(([id]) => id.startsWith(idPrefix));
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`${found.length} resources ${type} begin with ${idPrefix}; name one.`);
  return only[1];
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What a role may do: `actions on resources`, and under which condition. */
export function permissionsOf(template: Template, rolePrefix: string): unknown[] {
  const policy = resourceOf(template, 'AWS::IAM::Policy', rolePrefix).Properties['PolicyDocument'];
  return (policy as { Statement: Statement[] }).Statement.map(({ Effect, Action, Resource, Condition }) => {
    if (Effect !== 'Allow') throw new Error(`${rolePrefix} has a statement that is no permission: ${Effect}.`);
    const actions = [Action].flat().join(' ');
    const resources = [Resource].flat().map(readable).join(' ');
    return Condition ? [actions, resources, Condition] : [actions, resources];
  });
}

/** A value with intrinsics as one readable string: `<LogicalId.Arn>/batch/*`. */
export function readable(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [name, argument] = Object.entries(value)[0] ?? [];
  if (name === 'Ref') return `<${argument}>`;
  if (name === 'Fn::GetAtt') return `<${argument.join('.')}>`;
  if (name === 'Fn::Join') return argument[1].map(readable).join(argument[0]);
  if (name === 'Fn::Select') return `${readable(argument[1]['Fn::Split'][1])}[${argument[0]}]`;
  throw new Error(`${name} is not known to readable(); add it.`);
}
