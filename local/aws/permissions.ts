/**
 * Evaluates every call of a function against the policies that the template gives its role, and those of the resource, as
 * IAM would. What the deployed role would be denied is denied here.
 */
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { LocalRunError } from '../shared/local-run-error.ts';
import { ACCOUNT } from '../template/intrinsics.ts';
import type { Stack } from '../template/stack.ts';

export interface PermissionRequest {
  /** `s3:PutObject` */
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | string[]>>;
}

interface Policy {
  readonly Statement: readonly { readonly Action: readonly string[] }[];
}

/** What every call has that comes from within AWS. */
const COMMON = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };

export class Permissions {
  readonly #policies = new Map<string, Policy>();
  readonly #resourcePolicies = new Map<string, Policy>();
  readonly #decisions = new Map<string, Promise<boolean>>();
  readonly #requests = new Map<string, Map<string, PermissionRequest>>();

  /** From here on these policies are in force, and no others. */
  load(stack: Stack): void {
    for (const known of [this.#policies, this.#resourcePolicies, this.#decisions]) known.clear();
    const policies = stack.all('AWS::IAM::Policy').map(({ properties }) => properties);
    for (const { id, properties } of stack.all('AWS::Lambda::Function')) {
      const role = stack.all('AWS::IAM::Role').find(({ arn }) => arn === properties.Role);
      const own = policies.filter(({ Roles }) => Roles.includes(role?.ref ?? ''));
      const statements = own.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      this.#policies.set(id, { ...own[0]?.PolicyDocument, Statement: statements });
    }
    const buckets = new Map(stack.all('AWS::S3::Bucket').map(({ ref, arn }) => [ref, arn]));
    const queues = new Map(stack.all('AWS::SQS::Queue').map(({ ref, arn }) => [ref, arn]));
    for (const { properties } of stack.all('AWS::S3::BucketPolicy')) {
      this.#resourcePolicies.set(buckets.get(properties.Bucket) ?? '', properties.PolicyDocument);
    }
    for (const { properties } of stack.all('AWS::SQS::QueuePolicy')) {
      for (const queue of properties.Queues) {
        this.#resourcePolicies.set(queues.get(queue) ?? '', properties.PolicyDocument);
      }
    }
  }

  /** The policy of each function's role, by the function's logical id. */
  get policies(): ReadonlyMap<string, Policy> {
    return this.#policies;
  }

  /** Every different request of a function so far. */
  requestsOf(functionId: string): readonly PermissionRequest[] {
    return [...(this.#requests.get(functionId)?.values() ?? [])];
  }

  /** Whether a function's role may do this. The answer is kept until other policies are loaded. */
  allows(functionId: string, request: PermissionRequest): Promise<boolean> {
    const key = JSON.stringify([functionId, request]);
    const requests = this.#requests.get(functionId) ?? new Map<string, PermissionRequest>();
    this.#requests.set(functionId, requests.set(key, request));
    const policy = this.#policies.get(functionId);
    const decision = this.#decisions.get(key) ?? this.evaluate(policy ?? { Statement: [] }, request);
    this.#decisions.set(key, decision);
    return decision;
  }

  /** The same of any policy, to see what would be missing without a part of it. */
  evaluate(policy: Policy, request: PermissionRequest): Promise<boolean> {
    return this.#simulate(`arn:aws:iam::${ACCOUNT}:role/function`, [{ name: 'role', policy }], request);
  }

  /** Whether a service of AWS's may do this, by the resource's own policy. */
  allowsService(principal: string, request: PermissionRequest): Promise<boolean> {
    return this.#simulate(principal, [], request);
  }

  async #simulate(
    principal: string,
    identityPolicies: { name: string; policy: Policy }[],
    { action, resource, context }: PermissionRequest,
  ): Promise<boolean> {
    // An object's policy is its bucket's.
    const owner = resource.startsWith('arn:aws:s3:::') ? (resource.split('/', 1)[0] ?? '') : resource;
    const resourcePolicy = this.#resourcePolicies.get(owner);
    const result = await runSimulation(
      {
        request: {
          principal,
          action,
          resource: { resource, accountId: ACCOUNT },
          contextVariables: { ...COMMON, ...context },
        },
        identityPolicies,
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        ...(resourcePolicy && { resourcePolicy }),
      },
      {},
    );
    if (result.resultType === 'error') {
      throw new LocalRunError(
        `${action} on ${resource} cannot be evaluated: ${JSON.stringify(result.errors)}. Correct local/aws/permission-requests.ts.`,
      );
    }
    return result.overallResult === 'Allowed';
  }
}
