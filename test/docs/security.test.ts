/** docs/security.md lists what each function may do, as the template has it. */
import { expect, it } from 'vitest';
import { type Resource, readable, resourcesOf, synthesize } from '../lib/synthesize.ts';
import { readPage } from './markdown.ts';

const HEADER = { name: 'x-origin-verify', secretName: 'origin-secret' };
const template = synthesize({ quarantine: {}, publicUrl: 'https://hooks.example.com', originHeader: HEADER });

/** By what the logical id of a function or an ARN contains; the first one counts. */
const FUNCTIONS: readonly (readonly [RegExp, string])[] = [
  [/DoorVerifier/, 'verifier'],
  [/Reverifier/, 'reverify'],
  [/FetcherHandler/, 'fetch'],
  [/JobLedgerRecorder/, 'record-job'],
  [/ReconcilerHandler/, 'reconciler'],
  [/WebhookRegistrar/, 'register-webhook'],
  [/WebhookRotator/, 'rotate-secret'],
  [/WebhookHealthCheck/, 'check-webhook'],
];
const RESOURCES: readonly (readonly [RegExp, string])[] = [
  [/JobLedgerTable.*\/index\//, 'index of the job ledger'],
  [/JobLedgerTable/, 'job ledger'],
  [/IdempotencyTable/, 'idempotency table'],
  [/QuarantineTable/, 'quarantine'],
  [/Queue/, 'its queue'],
  [/EventBus/, 'event bus'],
  [/OutputBucket.*\/manifest\.json$/, 'manifests'],
  [/OutputBucket.*\/\*$/, 'objects'],
  [/OutputBucket/, 'bucket'],
  [/SigningSecret/, 'signing secret'],
  [/DynamicToken/, 'dynamic token'],
  [/origin-secret/, 'secret of the origin header'],
  [/api-key/, 'API key'],
  [/Function/, 'functions'],
];

function nameIn(names: readonly (readonly [RegExp, string])[], text: string): string {
  const found = names.find(([pattern]) => pattern.test(text));
  if (found === undefined) throw new Error(`${text} has no name on the page; give it one.`);
  return found[1];
}

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** Of a role by its logical id, without what every function may: its log group and X-Ray. */
function grantsOf(role: string): (readonly [resource: string, action: string])[] {
  const policies = Object.values(resourcesOf(template, 'AWS::IAM::Policy')).filter(({ Properties }) =>
    (Properties['Roles'] as readonly unknown[]).some((one) => readable(one) === `<${role}>`),
  );
  const statements = policies.flatMap(
    ({ Properties }) => (Properties['PolicyDocument'] as { readonly Statement: readonly Statement[] }).Statement,
  );
  return statements.flatMap(({ Action, Resource }) =>
    [Action]
      .flat()
      .filter((action) => !/^(?:logs|xray):/.test(action))
      .flatMap((action) => [Resource].flat().map((one) => [nameIn(RESOURCES, readable(one)), action] as const)),
  );
}

it('says what each function may do on what, and nothing else', () => {
  const functions = Object.entries(resourcesOf(template, 'AWS::Lambda::Function'));
  const granted = functions.flatMap(([id, { Properties }]: readonly [string, Resource]) => {
    const role = readable(Properties['Role']).replace(/^<(.*)\.Arn>$/, '$1');
    return grantsOf(role).map(([resource, action]) => [nameIn(FUNCTIONS, id), resource, action].join(' | '));
  });
  const rows = [...readPage('security.md').matchAll(/^\| `([a-z-]+)` *\| ([^|]+?) *\| (`[^|]+?`) *\|[^|]*\|$/gm)];
  const documented = rows.flatMap(([, name, resource, actions = '']) =>
    [...actions.matchAll(/`([^`]+)`/g)].map(([, action]) => [name, resource, action].join(' | ')),
  );

  expect(functions).toHaveLength(10);
  expect(documented.toSorted()).toEqual([...new Set(granted)].toSorted());
});
