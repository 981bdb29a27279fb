/**
 * A Lambda function with the house defaults: Node.js 24 on arm64, an ES module bundled by esbuild, a role of its own
 * without managed policies, a log group of its own.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, type NodejsFunctionProps, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { metricNamespace } from './monitoring/metrics.ts';
import { acknowledge } from './nag-acknowledgement.ts';

const ENVIRONMENT_CREDENTIALS = fileURLToPath(
  new URL('../lambda/adapters/environment-credentials.ts', import.meta.url),
);
const PROJECT_ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface NodeFunctionProps {
  /** What the function is for, as the console shows it. */
  readonly description: string;
  /** Absolute path of the module that exports `handler`. */
  readonly entry: string;
  readonly environment: { [name: string]: string };
  /** In MiB. CPU and network grow with it. */
  readonly memorySize: number;
  readonly timeout: Duration;
  readonly logRetention: RetentionDays;
  /** Who invokes the function, and why nothing is lost when an invocation fails: the reason for it to have no dead-letter queue. */
  readonly invokedBy: string;
}

/** In the package the handlers are bundled already; in the repository they are when the app is synthesized. */
function bundleOf(entry: string): string | undefined {
  const folder = fileURLToPath(new URL(`../handlers/${basename(entry, '.ts')}`, import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

const BUNDLED_HERE: Partial<NodejsFunctionProps> = {
  projectRoot: PROJECT_ROOT,
  depsLockFilePath: fileURLToPath(new URL('../package-lock.json', import.meta.url)),
  bundling: {
    format: OutputFormat.ESM,
    mainFields: ['module', 'main'],
    target: 'node24',
    minify: true,
    sourceMap: true,
    // The map names lines; the sources themselves are in the repository.
    sourcesContent: false,
    // The SDK that was tested is the one that runs, not the one that the runtime happens to bring.
    externalModules: [],
    // A third of a bundle would be ways to find credentials that are in the environment anyway.
    esbuildArgs: { '--alias:@aws-sdk/credential-provider-node': ENVIRONMENT_CREDENTIALS },
    // CommonJS dependencies call `require` for Node's own modules; an ES module has none.
    banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
  },
};

export class NodeFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);

    const logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
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

    const common = {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize,
      timeout: props.timeout,
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
    };
    const bundle = bundleOf(props.entry);
    this.function =
      bundle === undefined
        ? new NodejsFunction(this, 'Function', { ...common, ...BUNDLED_HERE, entry: props.entry })
        : new LambdaFunction(this, 'Function', { ...common, code: Code.fromAsset(bundle), handler: 'index.handler' });

    acknowledge(this.role, {
      'AwsSolutions-IAM5[Resource::*]':
        'xray:PutTraceSegments and xray:PutTelemetryRecords know no resources (Service Authorization Reference, AWS X-Ray).',
    });
    acknowledge(this.function, {
      'Serverless-LambdaDLQ': props.invokedBy,
    });
  }
}
