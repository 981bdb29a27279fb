/**
 * A Lambda function with the house defaults: Node.js 24 on arm64, an ES module bundled by esbuild, a role of its own
 * without managed policies, a log group of its own.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage, type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundleOf } from './bundle.ts';
import { type FunctionName, moduleOf } from './functions.ts';
import { metricNamespace } from './monitoring/metrics.ts';
import { settingsOf } from './settings.ts';
import { acknowledge } from './shared/nag-acknowledgement.ts';

export interface NodeFunctionProps {
  /** What the function is for, as the console shows it. */
  readonly description: string;
  readonly name: FunctionName;
  readonly environment: { [name: string]: string };
  /** In MiB. CPU and network grow with it. */
  readonly memorySize: number;
  readonly timeout: Duration;
  /** Executions that the account keeps for it, and its most. @default - none are reserved */
  readonly reservedConcurrency?: number | undefined;
  /** Who invokes the function, and why nothing is lost when an invocation fails: the reason for it to have no dead-letter queue. */
  readonly invokedBy: string;
}

/** In the package the handlers are bundled already; in the repository they are when the app is synthesized. */
function codeOf(name: FunctionName): Code {
  const packaged = fileURLToPath(new URL(`../functions/${name}`, import.meta.url));
  if (existsSync(packaged)) return Code.fromAsset(packaged);
  const entry = moduleOf(name);
  const tryBundle = (outputDir: string) => {
    for (const [file, content] of bundleOf(entry)) writeFileSync(join(outputDir, file), content);
    return true;
  };
  return Code.fromAsset(dirname(entry), {
    assetHashType: AssetHashType.OUTPUT,
    // The CDK takes assets for the same when all but the function is; the image is never asked for.
    bundling: { image: DockerImage.fromRegistry('none'), command: [entry], local: { tryBundle } },
  });
}

export class NodeFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);

    const logGroup = new LogGroup(this, 'Logs', {
      retention: settingsOf(this).logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not AWSLambdaBasicExecutionRole: that one may write to every log group of the account.
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );

    this.function = new LambdaFunction(this, 'Function', {
      code: codeOf(props.name),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize,
      timeout: props.timeout,
      ...(props.reservedConcurrency !== undefined && { reservedConcurrentExecutions: props.reservedConcurrency }),
      // Stack traces with the lines of the sources, for some 10 ms more of a cold start (measured on the verifier).
      environment: {
        ...props.environment,
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_METRICS_NAMESPACE: metricNamespace(this),
      },
      role: this.role,
      logGroup,
      // Powertools writes JSON by itself; this makes JSON also of what Lambda writes: start-up errors, time-outs, reports.
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
    });
    acknowledge(this.role, {
      'AwsSolutions-IAM5[Resource::*]':
        'xray:PutTraceSegments and xray:PutTelemetryRecords know no resources (Service Authorization Reference, AWS X-Ray).',
    });
    acknowledge(this.function, {
      'Serverless-LambdaDLQ': props.invokedBy,
    });
  }
}
