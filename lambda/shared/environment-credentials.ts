/**
 * Credentials as Lambda gives them, in the environment. The bundles have this in the place of the SDK's chain of providers
 * (see lib/node-function.ts): profiles, SSO, instance metadata and web identities are some 130 kB that no Lambda uses.
 */
import { EnvironmentReader } from './environment.ts';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** Named and shaped as in `@aws-sdk/credential-provider-node`. The provider throws `ConfigError` when there are none. */
export function defaultProvider(): () => Promise<Credentials> {
  return async () => {
    // Lambda may exchange the credentials, so that they are read at each use.
    const env = new EnvironmentReader(process.env);
    const credentials = {
      accessKeyId: env.required('AWS_ACCESS_KEY_ID'),
      secretAccessKey: env.required('AWS_SECRET_ACCESS_KEY'),
      sessionToken: env.optional('AWS_SESSION_TOKEN'),
    };
    env.check();
    return credentials;
  };
}
