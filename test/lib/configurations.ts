/** Six deployments that together have every option: what checks templates checks these. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type GeminiWebhooksProps, Monitoring } from '../../lib/index.ts';

const NAMES = ['default', 'acme', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'a-project-with-a-name-as-long-as'];
const customDomain = {
  domainName: 'hooks.example.com',
  certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012',
  hostedZoneId: 'Z0123456789ABC',
  hostedZoneName: 'example.com',
};

/** With every option on, as many of each as there may be. */
export const LARGEST: Partial<GeminiWebhooksProps> = {
  projects: NAMES.map((name) => ({ name })),
  monitoring: Monitoring.alarms({ email: 'on-call@example.com', noDeliveryHours: 12 }),
  quarantine: {},
  repairWebhook: true,
  jwtAudiences: ['https://example.com'],
  consumers: {
    organizationId: 'o-a1b2c3d4e5',
    accountIds: ['123456789012'],
    projects: NAMES.map((project) => ({
      project,
      eventBusArn: 'arn:aws:events:eu-west-1:123456789012:event-bus/team',
    })),
  },
  customDomain,
};

export const CONFIGURATIONS: Readonly<Record<string, Partial<GeminiWebhooksProps>>> = {
  default: {},
  largest: LARGEST,
  destroyed: { removalPolicy: RemovalPolicy.DESTROY },
  unwatched: { monitoring: Monitoring.optOut('The platform team watches with its own tools.') },
  domain: { customDomain, quarantine: {}, consumers: { organizationId: 'o-a1b2c3d4e5' } },
  still: {
    signingSecretRotation: Duration.days(0),
    dynamicTokenRotation: Duration.days(0),
    monitoring: Monitoring.alarms({ topicArn: 'arn:aws:sns:eu-west-1:123456789012:on-call' }),
  },
};
