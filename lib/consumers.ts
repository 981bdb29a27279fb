/** Who may build on the bus from outside of its account. */
import { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { AccountPrincipal, OrganizationPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EVENT_SOURCE } from '../lambda/contract.ts';

export interface Consumers {
  /** Every account of this organization, e.g. `o-a1b2c3d4e5`. */
  readonly organizationId?: string;
  /** These accounts. */
  readonly accountIds?: readonly string[];
}

/** What a team needs to look after rules that it made. */
const OWN_RULES = [
  'events:DeleteRule',
  'events:DescribeRule',
  'events:DisableRule',
  'events:EnableRule',
  'events:ListTargetsByRule',
  'events:PutTargets',
  'events:RemoveTargets',
];

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
const CREATOR = { 'events:creatorAccount': '${aws:PrincipalAccount}' };

/**
 * Rules on this bus, and not copies of every event on another one: a consumer pays for and sees what its pattern matches. The
 * conditions keep each account to rules that it made itself, on events of this pipeline.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-cross-account-custom-bus-source.html
 */
export function admit(bus: EventBus, { organizationId, accountIds = [] }: Consumers): void {
  const faults = [
    ...(organizationId !== undefined && !/^o-[a-z0-9]{10,32}$/.test(organizationId)
      ? [`organizationId is "${organizationId}"; give one like o-a1b2c3d4e5.`]
      : []),
    ...accountIds.filter((id) => !/^\d{12}$/.test(id)).map((id) => `accountIds has "${id}"; give twelve digits.`),
    ...(organizationId === undefined && accountIds.length === 0 ? ['consumers names nobody; leave it out.'] : []),
  ];
  if (faults.length > 0)
    throw new Error(`The consumers do not hold:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);

  const principals = [
    ...(organizationId === undefined ? [] : [new OrganizationPrincipal(organizationId)]),
    ...accountIds.map((id) => new AccountPrincipal(id)),
  ];
  const rules = Stack.of(bus).formatArn({ service: 'events', resource: 'rule', resourceName: `${bus.eventBusName}/*` });
  for (const [index, principal] of principals.entries()) {
    bus.addToResourcePolicy(
      new PolicyStatement({
        sid: `ConsumersMakeRules${index}`,
        principals: [principal],
        actions: ['events:PutRule'],
        resources: [rules],
        conditions: {
          // A rule that is not there yet was created by nobody; a rule of this pipeline was, and stays as it is.
          StringEqualsIfExists: CREATOR,
          // What else applications put on the bus is for others to give away.
          'ForAllValues:StringEquals': { 'events:source': EVENT_SOURCE },
          Null: { 'events:source': 'false' },
        },
      }),
    );
    bus.addToResourcePolicy(
      new PolicyStatement({
        sid: `ConsumersHaveRules${index}`,
        principals: [principal],
        actions: OWN_RULES,
        resources: [rules],
        conditions: { StringEquals: CREATOR },
      }),
    );
  }
}
