/**
 * The static webhook of one project at Gemini: registered with the stack and deleted with it, its secrets rotated, its state
 * looked at. A function for each, so that each may only what it does.
 */
import { Aws, CustomResource, Duration, Lazy, Token } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Policy, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnRotationSchedule, type Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct, type IDependable } from 'constructs';
import { ENV, WEBHOOK_RESOURCE_TYPE } from '../lambda/contract.ts';
import type { FunctionName } from './functions.ts';
import { NodeFunction } from './node-function.ts';
import type { ProjectSecrets } from './project-secrets.ts';
import { settingsOf } from './settings.ts';
import { deploymentNameOf } from './shared/deployment-name.ts';
import { acknowledge } from './shared/nag-acknowledgement.ts';

const MEMORY_MIB = 256;
/** A few calls of Gemini's, each with its repetitions. */
const TIMEOUT = Duration.minutes(2);
const HEALTH_CHECK_INTERVAL = Duration.minutes(15);

export interface ManagedWebhookProps {
  readonly secrets: ProjectSecrets;
  readonly webhookUrl: string;
}

/**
 * The webhook of one Gemini project: registered at Gemini, looked at, and its secrets rotated. It is made by `GeminiWebhooks`.
 *
 * @example Something that is to exist before the first delivery can come
 * ```ts
 * import type { GeminiWebhooks, ManagedWebhook } from 'gemini-webhooks-aws';
 * import type { IDependable } from 'constructs';
 *
 * export function createBefore(needed: IDependable, { webhooks }: GeminiWebhooks): void {
 *   for (const { registration } of webhooks satisfies readonly ManagedWebhook[]) registration.node.addDependency(needed);
 * }
 * ```
 */
export class ManagedWebhook extends Construct {
  readonly registrar: NodeFunction;
  /** There even where nothing is rotated on a schedule: after a leak it revokes. */
  readonly rotator: NodeFunction;
  /** Whether it is called on a schedule. */
  readonly rotates: boolean;
  readonly healthCheck: NodeFunction;
  readonly secrets: ProjectSecrets;

  /** Once it is there, deliveries may come, and the functions of `addFirstRun` have been invoked. */
  readonly registration: CustomResource;

  private readonly firstRuns: LambdaFunction[] = [];

  constructor(scope: Construct, id: string, props: ManagedWebhookProps) {
    super(scope, id);
    const { secrets, webhookUrl } = props;
    const { project } = secrets;
    this.secrets = secrets;
    // Who looks at the project's webhooks sees whose this is; nobody else's has the name.
    const name = `${deploymentNameOf(this)}-${project.name}-${Aws.REGION}-${Aws.ACCOUNT_ID}`;
    const common = { [ENV.project]: project.name, [ENV.apiKeySecretId]: project.apiKeySecretName };
    const environment = {
      ...common,
      [ENV.signingSecretId]: secrets.signingSecret.secretArn,
      [ENV.dynamicTokenSecretId]: secrets.dynamicTokenSecret.secretArn,
      [ENV.webhookName]: name,
      [ENV.webhookUrl]: webhookUrl,
      [ENV.subscribedEvents]: project.subscribedEvents.join(),
    };

    this.registrar = this.addFunction('Registrar', {
      description: `Registers the webhook of the project ${project.name} at Gemini.`,
      name: 'register-webhook',
      environment: { ...common, [ENV.webhookUrl]: webhookUrl },
      invokedBy: 'CloudFormation waits for its answer, and fails the deployment when none comes.',
    });
    this.registration = new CustomResource(this, 'Webhook', {
      resourceType: WEBHOOK_RESOURCE_TYPE,
      serviceToken: this.registrar.function.functionArn,
      serviceTimeout: Duration.minutes(10),
      properties: {
        Name: name,
        Uri: webhookUrl,
        SubscribedEvents: [...project.subscribedEvents],
        ApiKeySecretId: project.apiKeySecretName,
        SigningSecretId: secrets.signingSecret.secretArn,
        FirstRuns: Lazy.list({ produce: () => this.firstRuns.map(({ functionName }) => functionName) }),
      },
    });
    this.registration.node.addDependency(this.registrar);

    const { signingSecretRotation, dynamicTokenRotation } = settingsOf(this);
    this.rotates = [signingSecretRotation, dynamicTokenRotation].some((interval) => interval.toDays() > 0);
    this.rotator = this.addRotation(environment);
    this.healthCheck = this.addHealthCheck(environment);
    this.addFirstRun(this.healthCheck);
  }

  /** Invokes it once the webhook is registered: the alarm about its silence would else go off before its schedule does. */
  addFirstRun(scheduled: NodeFunction): void {
    this.firstRuns.push(scheduled.function);
    this.registrar.role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [scheduled.function.functionArn] }),
    );
    this.registerAfter(scheduled);
  }

  /**
   * Lets the registrar read the API key, by a policy of that key alone: its logical id has the secret's name. When another
   * secret takes its place, CloudFormation makes the new policy before it updates the registration, and removes the old
   * one only in the clean-up after all updates, as it does the webhook in the project that was left; a rollback is the same
   * the other way round. A policy that both names shared would be changed first, and the webhook left be an orphan.
   *
   * That the clean-up deletes the webhook before the policy on which it depended is how CloudFormation is known to order
   * deletions; it is not documented for this case, and could not be tried without an account. IAM, moreover, goes on
   * allowing for some seconds what it allowed.
   */
  grantReadApiKey(statement: PolicyStatement): void {
    const name = this.secrets.apiKeySecret.secretName;
    const policy = new Policy(this, `RegistrarReads-${Token.isUnresolved(name) ? 'ApiKey' : name}`, {
      statements: [statement],
      roles: [this.registrar.role],
    });
    this.registration.node.addDependency(policy);
  }

  /** Gemini may deliver as soon as the webhook is registered: after these are there. */
  registerAfter(...dependencies: IDependable[]): void {
    this.registration.node.addDependency(...dependencies);
  }

  private addRotation(environment: { [name: string]: string }): NodeFunction {
    const { project, signingSecret, dynamicTokenSecret } = this.secrets;
    const { signingSecretRotation, dynamicTokenRotation } = settingsOf(this);
    const schedules: [string, Secret, Duration][] = [
      ['SigningSecretRotation', signingSecret, signingSecretRotation],
      ['DynamicTokenRotation', dynamicTokenSecret, dynamicTokenRotation],
    ];
    for (const [, secret] of schedules.filter(([, , interval]) => interval.toDays() === 0)) {
      acknowledge(secret, { 'AwsSolutions-SMG4': 'Its rotation was switched off by configuration.' });
    }
    const wanted = schedules.filter(([, , interval]) => interval.toDays() > 0);

    const rotator = this.addFunction('Rotator', {
      description: `Rotates the secrets of the project ${project.name}, and revokes them after a leak.`,
      name: 'rotate-secret',
      environment,
      invokedBy: 'Secrets Manager and operators wait for its answer, and try a failed rotation again.',
    });
    // Secrets Manager tries a rotation again; two tries of Lambda's own would run beside its.
    rotator.function.configureAsyncInvoke({ retryAttempts: 0 });
    acknowledge(rotator.function, {
      'Serverless-LambdaAsyncFailureDestination':
        'Secrets Manager knows of a failed step, and an alarm goes off for it.',
    });
    if (!this.rotates) return rotator;
    rotator.function.addPermission('Rotation', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Aws.ACCOUNT_ID,
    });
    for (const [id, secret, interval] of wanted) {
      // Not the L2, which gives the function more than it does (GetRandomPassword).
      const schedule = new CfnRotationSchedule(this, id, {
        secretId: secret.secretArn,
        rotationLambdaArn: rotator.function.functionArn,
        rotationRules: { automaticallyAfterDays: interval.toDays() },
        // What was registered a moment ago is new enough.
        rotateImmediatelyOnUpdate: false,
      });
      schedule.node.addDependency(rotator, this.registration);
    }
    return rotator;
  }

  private addHealthCheck(environment: { [name: string]: string }): NodeFunction {
    const { project } = this.secrets;
    const healthCheck = this.addFunction('HealthCheck', {
      description: `Looks whether the webhook of the project ${project.name} is as it was deployed.`,
      name: 'check-webhook',
      environment: { ...environment, [ENV.repairWebhook]: String(settingsOf(this).repairWebhook) },
      invokedBy: 'Invoked by a schedule: the next check finds what this one would have found.',
    });
    // The next check is the retry; and one that waited for longer than that has been made up for.
    healthCheck.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: HEALTH_CHECK_INTERVAL });
    acknowledge(healthCheck.function, {
      'Serverless-LambdaAsyncFailureDestination':
        'The next check finds what this one would have found; silence has an alarm.',
    });
    const rule = new Rule(this, 'HealthCheckSchedule', {
      description: `Health check of the webhook of the project ${project.name}.`,
      schedule: Schedule.rate(HEALTH_CHECK_INTERVAL),
      targets: [new LambdaTarget(healthCheck.function, { maxEventAge: HEALTH_CHECK_INTERVAL, retryAttempts: 2 })],
    });
    acknowledge(rule, {
      'Serverless-EventBusDLQ':
        'A check that could not be invoked is made up for by the next one, a quarter of an hour later.',
    });
    rule.node.addDependency(this.registration);
    return healthCheck;
  }

  private addFunction(
    id: string,
    own: { description: string; name: FunctionName; environment: { [name: string]: string }; invokedBy: string },
  ): NodeFunction {
    return new NodeFunction(this, id, {
      ...own,
      memorySize: MEMORY_MIB,
      timeout: TIMEOUT,
    });
  }
}
