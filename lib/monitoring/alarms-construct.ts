/** The alarms in CloudWatch, the topic that they reach, and one alarm over those that mean that events may be lost. */
import { Aws, Duration } from 'aws-cdk-lib';
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
import { Key } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { deploymentNameOf } from '../deployment-name.ts';
import { acknowledge } from '../nag-acknowledgement.ts';
import type { AlarmDefinition } from './alarm-definition.ts';
import { alarmsOf } from './alarms.ts';
import type { Monitored } from './monitored.ts';
import type { AlarmOptions } from './monitoring-props.ts';

const LOSS = {
  slug: 'events-may-be-lost',
  meaning: 'At least one alarm is on that means that events or outputs may be lost.',
} as const;

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
    this.topic = options.topicArn ? Topic.fromTopicArn(this, 'Topic', options.topicArn) : this.createTopic();
    if (options.email !== undefined) this.subscribe(options.email);

    const action = new SnsAction(this.topic);
    const definitions = alarmsOf(monitored);
    const alarms = definitions.map((definition) => this.addAlarm(definition, runbook));
    for (const alarm of alarms) {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
    const loss = alarms.filter((_, index) => definitions[index]?.mayLose);
    const eventsMayBeLost = new CompositeAlarm(this, 'EventsMayBeLost', {
      compositeAlarmName: `${deploymentNameOf(this)}-${LOSS.slug}`,
      alarmDescription: `critical. ${LOSS.meaning} ${runbook}#${LOSS.slug}`,
      alarmRule: AlarmRule.anyOf(...loss),
    });
    eventsMayBeLost.addAlarmAction(action);
    eventsMayBeLost.addOkAction(action);
    this.loss = [eventsMayBeLost, ...loss];
    this.others = alarms.filter((_, index) => !definitions[index]?.mayLose);
    this.names = [LOSS.slug, ...definitions.map(nameOf)];
  }

  private addAlarm(definition: AlarmDefinition, runbook: string): Alarm {
    const { slug, severity, meaning, metric, threshold, periods = { bad: 1, of: 1 } } = definition;
    const name = nameOf(definition);
    return new Alarm(this, pascalOf(name), {
      alarmName: `${deploymentNameOf(this)}-${name}`,
      alarmDescription: `${severity}. ${meaning} ${runbook}#${slug} (Missing data: ${definition.missingDataReason}.)`,
      metric: metric as IMetric,
      threshold,
      comparisonOperator: definition.comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods.of,
      datapointsToAlarm: periods.bad,
      treatMissingData: definition.missingData,
    });
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

  /** Alarms cannot write to a topic that is encrypted with the key of SNS itself, which trusts no other service. */
  private createTopic(): Topic {
    const key = new Key(this, 'Key', {
      description: 'Encrypts the messages of the alarms.',
      enableKeyRotation: true,
      pendingWindow: Duration.days(7),
    });
    const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com');
    const conditions = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions,
      }),
    );
    const topic = new Topic(this, 'Topic', { displayName: 'Gemini webhooks', masterKey: key, enforceSSL: true });
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
}

function nameOf({ slug, of }: AlarmDefinition): string {
  return of === undefined ? slug : `${slug}-${of}`;
}

function pascalOf(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
