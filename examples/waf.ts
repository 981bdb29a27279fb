/**
 * CloudFront with AWS WAF before the webhooks' API, since an HTTP API takes no WAF of its own. In us-east-1, where such a web ACL and
 * the certificate have to be; the webhooks may be elsewhere. They are deployed with `publicUrl: 'https://<domainName>'` and
 * `originHeader: { name: 'x-origin-verify', secretName }`, so that the API answers 401 to whoever goes round.
 */
import { Duration, SecretValue, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';

export interface WebhooksFrontProps extends StackProps {
  /** Of the API, without `https://`: the stack's output that ends with `ApiUrl` has it, `<id>.execute-api.<region>.amazonaws.com`. */
  readonly apiHost: string;
  /** Of the distribution; its DNS record is yours to make. */
  readonly domainName: string;
  readonly certificateArn: string;
  /** ARN of the secret that stands in the header, or of its replica, in us-east-1. */
  readonly originSecretArn: string;
}

/** Requests of one address in five minutes. Gemini posts one for each job that ends, and tries again. */
const LIMIT = 3000;

export class WebhooksFront extends Stack {
  readonly distribution: Distribution;

  constructor(scope: Construct, id: string, props: WebhooksFrontProps) {
    super(scope, id, props);
    const metrics = (metricName: string) => ({
      metricName,
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: false,
    });
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: metrics('Webhooks'),
      rules: [
        {
          name: 'Rate',
          priority: 0,
          statement: { rateBasedStatement: { aggregateKeyType: 'IP', limit: LIMIT } },
          action: { block: {} },
          visibilityConfig: metrics('Rate'),
        },
      ],
    });
    const logs = new Bucket(this, 'Logs', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      // CloudFront writes its logs by an access control list.
      objectOwnership: ObjectOwnership.OBJECT_WRITER,
      enforceSSL: true,
      serverAccessLogsPrefix: 'own/',
      lifecycleRules: [{ expiration: Duration.days(30) }],
    });
    this.distribution = new Distribution(this, 'Distribution', {
      domainNames: [props.domainName],
      certificate: Certificate.fromCertificateArn(this, 'Certificate', props.certificateArn),
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: HttpVersion.HTTP2,
      webAclId: acl.attrArn,
      // The path holds the dynamic URL's token, and a log line the path: who may read the logs has the URL.
      logBucket: logs,
      defaultBehavior: {
        origin: new HttpOrigin(props.apiHost, {
          protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
          originSslProtocols: [OriginSslPolicy.TLS_V1_2],
          customHeaders: {
            // Written by CloudFormation when it deploys: the template has a reference, and no value.
            'x-origin-verify': SecretValue.secretsManager(props.originSecretArn).unsafeUnwrap(),
          },
        }),
        allowedMethods: AllowedMethods.ALLOW_ALL,
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        // What is signed goes through as it came, and no answer serves twice.
        cachePolicy: CachePolicy.CACHING_DISABLED,
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      },
    });
    Validations.of(this.distribution).acknowledge({
      id: 'AwsSolutions-CFR1',
      reason: 'Google posts from wherever its servers are, and does not say where that is.',
    });
  }
}
