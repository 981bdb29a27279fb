/** Who may build on the bus from outside of its account. */
import { Stack } from 'aws-cdk-lib';
import { CfnEventBus, EventBus } from 'aws-cdk-lib/aws-events';
import {
  AccountPrincipal,
  OrganizationPrincipal,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { EVENT_SOURCE } from '../lambda/contract.ts';
import type { JobEventBus } from './event-bus.ts';
import { uniqueNameOf } from './shared/deployment-name.ts';

export interface Consumers {
  /** Every account of this organization, e.g. `o-a1b2c3d4e5`. They see the events of every project. */
  readonly organizationId?: string;
  /** These accounts. They see the events of every project. */
  readonly accountIds?: readonly string[];
  /** Buses to which the events of one project are sent, and no others. */
  readonly projects?: readonly ProjectConsumer[];
}

/**
 * Sees one project. The bus' policy cannot tell projects apart: no condition key of EventBridge's has them. So its events are
 * sent to a bus of the consumer's, whose policy must let this account put events there.
 */
export interface ProjectConsumer {
  /** Name of the project. */
  readonly project: string;
  /** Of a bus of the consumer's, in any Region. */
  readonly eventBusArn: string;
}

/** What a team needs to look after rules that it made. */
const OWN_RULES = [
  'events:DeleteRule',
  'events:DescribeRule',
  'events:DisableRule',
  'events:EnableRule',
  'events:ListTargetsByRule',
  'events:RemoveTargets',
];

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
const CONSUMER = '${aws:PrincipalAccount}';
const CREATOR = { 'events:creatorAccount': CONSUMER };

/**
 * Rules on this bus, and not copies of every event on another one: a consumer pays for and sees what its pattern matches. The
 * conditions keep each account to rules that it made itself, on events of this pipeline, to targets in that account.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-cross-account-custom-bus-source.html
 */
export function grantConsumers(bus: JobEventBus, { organizationId, accountIds = [], projects = [] }: Consumers): void {
  if (projects.length > 0) {
    // One for all of them, which is all that the rules need: they are this deployment's own.
    const role = new Role(bus, 'ConsumerRole', { assumedBy: new ServicePrincipal('events.amazonaws.com') });
    for (const [index, { project, eventBusArn }] of projects.entries()) {
      const target = EventBus.fromEventBusArn(bus, `Consumer${index}`, eventBusArn);
      bus.addForward(`ToConsumer${index}`, project, target, role);
    }
  }
  const statements = [
    ...(organizationId === undefined
      ? []
      : statementsFor(bus, 'Organization', [new OrganizationPrincipal(organizationId)])),
    ...(accountIds.length === 0
      ? []
      : statementsFor(
          bus,
          'Accounts',
          accountIds.map((id) => new AccountPrincipal(id)),
        )),
  ];
  if (statements.length === 0) return;
  // Within the bus: a policy of its own would be a type that some Regions do not have.
  const resource = bus.eventBus.node.defaultChild;
  if (!(resource instanceof CfnEventBus)) throw new Error(`${bus.node.path} has no bus.`);
  resource.policy = new PolicyDocument({ statements });
}

function statementsFor(
  bus: JobEventBus,
  who: string,
  principals: (AccountPrincipal | OrganizationPrincipal)[],
): PolicyStatement[] {
  // By the name in letters: a policy cannot refer to the bus that it is a part of.
  const rules = Stack.of(bus).formatArn({
    service: 'events',
    resource: 'rule',
    resourceName: `${uniqueNameOf(bus)}/*`,
  });
  const statement = (sid: string, actions: string[], conditions: Record<string, Record<string, string>>) =>
    new PolicyStatement({ sid: `${who}${sid}`, principals, actions, resources: [rules], conditions });
  return [
    statement('MakeRules', ['events:PutRule'], {
      // A rule that is not there yet was created by nobody; a rule of this pipeline was, and stays as it is.
      StringEqualsIfExists: CREATOR,
      // What else applications put on the bus is for others to give away.
      'ForAllValues:StringEquals': { 'events:source': EVENT_SOURCE },
      Null: { 'events:source': 'false' },
    }),
    // The rule is one of this account's, and what trusts this account's rules would trust it.
    statement('SetTargets', ['events:PutTargets'], {
      StringEquals: CREATOR,
      'ForAllValues:ArnLike': { 'events:TargetArn': `arn:*:*:*:${CONSUMER}:*` },
      Null: { 'events:TargetArn': 'false' },
    }),
    statement('HaveRules', OWN_RULES, { StringEquals: CREATOR }),
  ];
}
