/**
 * Custom resources as CloudFormation handles them: the function is invoked and answers at a URL. A create that failed is
 * followed by a delete, an update that failed by an update back.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import type { WEBHOOK_RESOURCE_TYPE } from '../../lambda/contract.ts';
import type { LambdaFunction } from '../lambda/lambda-function.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Resource } from '../template/stack.ts';

type CustomResource = Resource<typeof WEBHOOK_RESOURCE_TYPE>;
type Properties = Readonly<Record<string, unknown>>;

const Answer = z.object({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().optional(),
  PhysicalResourceId: z.string().min(1),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
});
type Answer = z.infer<typeof Answer>;

interface Existing {
  readonly physicalId: string;
  readonly properties: Properties;
}

export class CustomResources {
  readonly #stackId: string;
  readonly #resources: readonly CustomResource[];
  readonly #functionOf: (arn: string) => Pick<LambdaFunction, 'invoke'> | undefined;
  readonly #existing = new Map<string, Existing>();

  constructor(
    stackId: string,
    resources: readonly CustomResource[],
    functionOf: (arn: string) => Pick<LambdaFunction, 'invoke'> | undefined,
  ) {
    this.#stackId = stackId;
    this.#resources = resources;
    this.#functionOf = functionOf;
  }

  /** @throws LocalRunError with the function's reason; what it left is deleted as far as it goes */
  async create(changes: Properties = {}): Promise<void> {
    for (const resource of this.#resources) {
      const properties = { ...propertiesOf(resource), ...changes };
      const answer = await this.#request(resource, { RequestType: 'Create', ResourceProperties: properties });
      if (answer.Status === 'SUCCESS') {
        this.#existing.set(resource.id, { physicalId: answer.PhysicalResourceId, properties });
        continue;
      }
      await this.#request(resource, {
        RequestType: 'Delete',
        PhysicalResourceId: answer.PhysicalResourceId,
        ResourceProperties: properties,
      });
      throw new LocalRunError(`${resource.id} was not created. ${answer.Reason}`);
    }
  }

  /** @throws LocalRunError with the function's reason, once it is rolled back */
  async update(changes: Properties): Promise<void> {
    for (const resource of this.#resources) {
      const old = this.#existing.get(resource.id);
      if (old === undefined) throw new LocalRunError(`${resource.id} does not exist and cannot be updated.`);
      const properties = { ...old.properties, ...changes };
      const answer = await this.#update(resource, old.physicalId, old.properties, properties);
      if (answer.Status === 'FAILED') {
        const back = await this.#update(resource, old.physicalId, properties, old.properties);
        throw new LocalRunError(
          `${resource.id} was not updated. ${answer.Reason} It was ${back.Status === 'SUCCESS' ? '' : 'not '}rolled back.`,
        );
      }
      const physicalId = answer.PhysicalResourceId;
      this.#existing.set(resource.id, { physicalId, properties });
      if (physicalId !== old.physicalId) await this.#delete(resource, old);
    }
  }

  /** Deletes all that exist, and returns what could not be deleted. */
  async delete(): Promise<readonly string[]> {
    const left: string[] = [];
    for (const resource of this.#resources) {
      const old = this.#existing.get(resource.id);
      if (old === undefined) continue;
      this.#existing.delete(resource.id);
      const { Status, Reason } = await this.#delete(resource, old);
      if (Status === 'FAILED') left.push(`${resource.id} was not deleted. ${Reason}`);
    }
    return left;
  }

  #delete(resource: CustomResource, { physicalId, properties }: Existing): Promise<Answer> {
    return this.#request(resource, {
      RequestType: 'Delete',
      PhysicalResourceId: physicalId,
      ResourceProperties: properties,
    });
  }

  #update(resource: CustomResource, physicalId: string, from: Properties, to: Properties): Promise<Answer> {
    return this.#request(resource, {
      RequestType: 'Update',
      PhysicalResourceId: physicalId,
      OldResourceProperties: from,
      ResourceProperties: to,
    });
  }

  async #request(resource: CustomResource, request: object): Promise<Answer> {
    const target = this.#functionOf(resource.properties.ServiceToken);
    if (target === undefined)
      throw new LocalRunError(`${resource.id} is served by a function that the template has not.`);
    const mailbox = await openMailbox();
    try {
      const event = {
        ...request,
        ServiceToken: resource.properties.ServiceToken,
        ResponseURL: mailbox.url,
        StackId: this.#stackId,
        RequestId: randomUUID(),
        LogicalResourceId: resource.id,
      };
      const invoked = target.invoke(event);
      const answer = await Promise.race([mailbox.answer, invoked.then(() => undefined)]);
      await invoked;
      if (answer !== undefined || mailbox.received) return answer ?? (await mailbox.answer);
      throw new LocalRunError(`${resource.id}: the function ended without an answer. See its log.`);
    } finally {
      mailbox.close();
    }
  }
}

function propertiesOf({ properties }: CustomResource): Properties {
  const { ServiceToken: _token, ServiceTimeout: _timeout, ...own } = properties;
  return own;
}

/** Where one answer is put, as at a presigned URL of S3's. */
async function openMailbox() {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  promise.catch(() => {});
  const mailbox = { received: false };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    mailbox.received = true;
    response.writeHead(200).end();
    const parsed = Answer.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    if (parsed.success) resolve(parsed.data);
    else reject(new LocalRunError(`An answer to CloudFormation is malformed. ${z.prettifyError(parsed.error)}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(mailbox, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${randomUUID()}`,
    answer: promise,
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
}
