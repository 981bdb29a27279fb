/**
 * A log group that services of AWS write to. Its policy is its own: an account has ten others in a Region, and the one that AWS
 * extends by itself is full in accounts with history. That is also what the prefix of the name is for.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
 */
import { Aws, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnLogGroup, LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { settingsOf } from './settings.ts';
import { uniqueNameOf } from './shared/deployment-name.ts';

export interface ServiceLogGroupProps {
  /** Ends the name. */
  readonly purpose: string;
  /** ARN pattern of the rules whose target it is; without it, it is written by the log delivery of services. */
  readonly rules?: string;
}

export class ServiceLogGroup extends LogGroup {
  /** Without the `:*` at the end of `logGroupArn`, with which EventBridge accepts a target and delivers nothing. */
  readonly targetArn: string;

  constructor(scope: Construct, id: string, { purpose, rules }: ServiceLogGroupProps) {
    const logGroupName = `/aws/vendedlogs/${uniqueNameOf(scope)}/${purpose}`;
    super(scope, id, { logGroupName, retention: settingsOf(scope).logRetention, removalPolicy: RemovalPolicy.DESTROY });
    const arnOf = (name: string) =>
      `arn:${Aws.PARTITION}:logs:${Stack.of(this).region}:${Aws.ACCOUNT_ID}:log-group:${name}`;
    this.targetArn = arnOf(this.logGroupName);
    if (!(this.node.defaultChild instanceof CfnLogGroup)) throw new Error(`${this.node.path} has no log group.`);
    // By its name in letters: a policy cannot refer to the resource that it is a part of.
    const resources = [`${arnOf(logGroupName)}:*`];
    this.node.defaultChild.resourcePolicyDocument = new PolicyDocument({
      statements: rules === undefined ? ofLogDelivery(resources) : ofRules(resources, rules),
    });
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html */
function ofLogDelivery(resources: string[]): PolicyStatement[] {
  return [
    new PolicyStatement({
      principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources,
      conditions: {
        StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
        ArnLike: { 'aws:SourceArn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:*` },
      },
    }),
  ];
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions */
function ofRules(resources: string[], rules: string): PolicyStatement[] {
  const principals = [
    new ServicePrincipal('events.amazonaws.com'),
    new ServicePrincipal('delivery.logs.amazonaws.com'),
  ];
  return [
    new PolicyStatement({ principals, actions: ['logs:CreateLogStream'], resources }),
    new PolicyStatement({
      principals,
      actions: ['logs:PutLogEvents'],
      resources,
      conditions: { ArnLike: { 'aws:SourceArn': rules } },
    }),
  ];
}
