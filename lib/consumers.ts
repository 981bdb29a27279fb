/** Who may build on the bus from outside of its account. */
import { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { AccountPrincipal, OrganizationPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';

export interface Consumers {
  /** Every account of this organization, e.g. `o-a1b2c3d4e5`. */
  readonly organizationId?: string;
  /** These accounts. */
  readonly accountIds?: readonly string[];
}

/** What a team needs to have rules of its own on the bus, and no action on what it did not make. */
const ACTIONS = [
  'events:DeleteRule',
  'events:DescribeRule',
  'events:DisableRule',
  'events:EnableRule',
  'events:PutRule',
  'events:PutTargets',
  'events:RemoveTargets',
  'events:ListTargetsByRule',
  'events:TagResource',
];

/**
 * Rules on this bus, and not copies of every event on another one: a consumer pays for and sees what its pattern matches. The
 * condition keeps each account to the rules that it made itself.
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
  for (const [index, principal] of principals.entries()) {
    bus.addToResourcePolicy(
      new PolicyStatement({
        sid: `ConsumersHaveRules${index}`,
        principals: [principal],
        actions: ACTIONS,
        // Rules, and not the bus: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
        resources: [
          Stack.of(bus).formatArn({ service: 'events', resource: 'rule', resourceName: `${bus.eventBusName}/*` }),
        ],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
        conditions: { StringEqualsIfExists: { 'events:creatorAccount': '${aws:PrincipalAccount}' } },
      }),
    );
  }
}
