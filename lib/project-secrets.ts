/** The secrets of one Gemini project: the API key, which is not part of the stack, and the two that it makes itself. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { TOKEN_LENGTH } from '../lambda/contract.ts';
import type { ResolvedProject } from './projects.ts';

export class ProjectSecrets extends Construct {
  readonly project: ResolvedProject;
  readonly projectName: string;
  readonly apiKeySecret: ISecret;
  /** With what Gemini signs static webhooks, `whsec_<base64>`. */
  readonly signingSecret: Secret;
  /** What stands at the end of the URL of dynamic webhooks. */
  readonly dynamicTokenSecret: Secret;

  constructor(scope: Construct, id: string, project: ResolvedProject) {
    super(scope, id);
    const { name, apiKeySecretName } = project;
    this.project = project;
    this.projectName = name;
    this.apiKeySecret = Secret.fromSecretNameV2(this, 'ApiKey', apiKeySecretName);
    this.signingSecret = new Secret(this, 'SigningSecret', {
      description: `With what Gemini signs the static webhook of the project ${name}. Written by its registration and rotation.`,
      // Until it is registered there is nothing to verify with: too short for a key, so that deliveries are answered 503.
      generateSecretString: { passwordLength: 16 },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.dynamicTokenSecret = new Secret(this, 'DynamicToken', {
      description: `What binds dynamic webhooks of the project ${name} to this deployment. Its URL is like a password.`,
      // Two tokens, one after the other: the one for URLs, and the one that a rotation puts in its place.
      generateSecretString: { passwordLength: 2 * TOKEN_LENGTH, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
