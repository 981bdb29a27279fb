/** The alarms in CloudWatch, the topic that they reach, and one alarm over those that mean that events may be lost. */
import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { ConfigurationError } from '../shared/configuration-error.ts';
import { deploymentNameOf } from '../shared/deployment-name.ts';
import { acknowledge } from '../shared/nag-acknowledgement.ts';
import type { AlarmDefinition } from './alarm-definition.ts';
import { overrideFaults, tuned } from './alarm-overrides.ts';
import { alarmsOf } from './alarms.ts';
import type { Monitored } from './monitored.ts';
import type { AlarmOptions } from './monitoring-props.ts';

const LOSS = {
  slug: 'events-may-be-lost',
  meaning: 'At least one alarm is on that means that events or outputs may be lost.',
} as const;

/** The rule of a composite alarm has at most 10,240 characters, and the name of an alarm at most 255. */
const MAX_ALARMS_IN_RULE = 35;

export class Alarms extends Construct {
  readonly topic: ITopic;
  /** Those that stand for a possible loss; the first is on while any other of them is. */
  readonly loss: readonly IAlarm[];
  readonly others: readonly IAlarm[];
  /** Of all of them, without the deployment's name and the dash that they begin with. */
  readonly names: readonly string[];

  constructor(scope: Construct, id: string, monitored: Monitored, options: AlarmOptions) {
    super(scope, id);
    const runbook = options.runbookUrl ?? 'docs/runbook.md';
    this.topic = options.topicArn
      ? Topic.fromTopicArn(this, 'Topic', options.topicArn)
      : this.createTopic(monitored.settings.encryptionKey);
    if (options.email !== undefined) this.subscribe(options.email);

    const action = new SnsAction(this.topic);
    const all = alarmsOf(monitored);
    const faults = overrideFaults(options.overrides, all);
    if (faults.length > 0) throw new ConfigurationError('props', faults);
    const definitions = all.flatMap((definition) => tuned(definition, options.overrides));
    const alarms = definitions.map((definition) => this.addAlarm(definition, runbook));
    const loss = alarms.filter((_, index) => definitions[index]?.mayLose);
    const others = alarms.filter((_, index) => !definitions[index]?.mayLose);
    this.others = others;
    // Not those that stand for a loss: the one over them says it once. It alone has an action for OK as well, because CloudWatch
    // runs that of each new alarm, too.
    for (const alarm of others) alarm.addAlarmAction(action);
    this.loss = this.addLossAlarms(loss, runbook, action);
    this.names = [...(loss.length > 0 ? [LOSS.slug] : []), ...definitions.map(nameOf)];
  }

  /** @returns the one that is on while any other of them is, and those below it */
  private addLossAlarms(loss: readonly Alarm[], runbook: string, action: SnsAction): IAlarm[] {
    const addOver = (suffix: string, of: readonly IAlarm[]) =>
      new CompositeAlarm(this, `EventsMayBeLost${suffix.toUpperCase()}`, {
        compositeAlarmName: [deploymentNameOf(this), LOSS.slug, suffix].filter(Boolean).join('-'),
        alarmDescription: `critical. ${LOSS.meaning} ${runbook}#${LOSS.slug}`,
        // By name: CloudWatch takes both, and an ARN is longer.
        alarmRule: AlarmRule.anyOf(...of.map(({ alarmName }) => AlarmRule.fromString(`ALARM("${alarmName}")`))),
      });
    const groups = Array.from({ length: Math.ceil(loss.length / MAX_ALARMS_IN_RULE) }, (_, index) =>
      loss.slice(index * MAX_ALARMS_IN_RULE, (index + 1) * MAX_ALARMS_IN_RULE),
    );
    const below = groups.length > 1 ? groups.map((group, index) => addOver('abcdefgh'.charAt(index), group)) : [];
    if (loss.length === 0) return [];
    const eventsMayBeLost = addOver('', below.length > 0 ? below : loss);
    eventsMayBeLost.addAlarmAction(action);
    eventsMayBeLost.addOkAction(action);
    return [eventsMayBeLost, ...loss];
  }

  private addAlarm(definition: AlarmDefinition, runbook: string): Alarm {
    const { slug, severity, meaning, metric, threshold, periods = { bad: 1, of: 1 }, after } = definition;
    const name = nameOf(definition);
    const alarm = new Alarm(this, pascalOf(name), {
      alarmName: `${deploymentNameOf(this)}-${name}`,
      alarmDescription: `${severity}. ${meaning} ${runbook}#${slug} (Missing data: ${definition.missingDataReason}.)`,
      metric: metric as IMetric,
      threshold,
      comparisonOperator: definition.comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods.of,
      datapointsToAlarm: periods.bad,
      treatMissingData: definition.missingData,
    });
    if (after !== undefined) alarm.node.addDependency(after);
    return alarm;
  }

  private subscribe(endpoint: string): void {
    const subscription = new Subscription(this, 'Email', {
      topic: this.topic,
      protocol: SubscriptionProtocol.EMAIL,
      endpoint,
    });
    acknowledge(subscription, {
      'Serverless-SNSRedrivePolicy':
        'SNS has no dead-letter queue for e-mail; the state of every alarm stays in CloudWatch.',
    });
  }

  private createTopic(given: IKey | undefined): Topic {
    const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com');
    const conditions = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
    const masterKey = given ?? this.createKey(cloudWatch, conditions);
    const topic = new Topic(this, 'Topic', { displayName: 'Gemini webhooks', masterKey, enforceSSL: true });
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions,
      }),
    );
    return topic;
  }

  /** Alarms cannot write to a topic that is encrypted with the key of SNS itself, which trusts no other service. */
  private createKey(cloudWatch: ServicePrincipal, conditions: Record<string, Record<string, string>>): Key {
    const key = new Key(this, 'Key', {
      description: 'Encrypts the messages of the alarms.',
      enableKeyRotation: true,
      pendingWindow: Duration.days(7),
      // Nothing is kept that it would have to decrypt.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions,
      }),
    );
    return key;
  }
}

function nameOf({ slug, of }: AlarmDefinition): string {
  return of === undefined ? slug : `${slug}-${of}`;
}

function pascalOf(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
