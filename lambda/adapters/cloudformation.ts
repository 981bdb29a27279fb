/**
 * A custom resource's request, and the answer that CloudFormation waits for at a presigned URL.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
 */
import * as z from 'zod/mini';
import {
  NOT_REGISTERED,
  type Registration,
  RegistrationFailed,
  type RegistrationRequest,
} from '../app/register-webhook.ts';
import { SUBSCRIBABLE_EVENTS } from '../contract.ts';
import { PipelineError } from '../domain/errors.ts';

const TIMEOUT_MS = 5_000;
const ATTEMPTS = 3;

/** As the construct writes them into the template. */
const Properties = z.looseObject({
  Name: z.string(),
  Uri: z.string(),
  SubscribedEvents: z.array(z.enum(SUBSCRIBABLE_EVENTS)),
  ApiKeySecretId: z.string(),
  SigningSecretId: z.string(),
});
const identity = {
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  ResponseURL: z.url(),
  ResourceProperties: Properties,
};
const CustomResourceEvent = z.discriminatedUnion('RequestType', [
  z.looseObject({ RequestType: z.literal('Create'), ...identity }),
  z.looseObject({
    RequestType: z.literal('Update'),
    PhysicalResourceId: z.string(),
    OldResourceProperties: Properties,
    ...identity,
  }),
  z.looseObject({ RequestType: z.literal('Delete'), PhysicalResourceId: z.string(), ...identity }),
]);
export type CustomResourceEvent = z.infer<typeof CustomResourceEvent>;

/** @throws when it is not CloudFormation that calls: there is nobody to answer then */
export function parseCustomResourceEvent(event: unknown): CustomResourceEvent {
  return CustomResourceEvent.parse(event);
}

export function toRegistrationRequest(event: CustomResourceEvent): RegistrationRequest {
  const wanted = toRegistration(event.ResourceProperties);
  switch (event.RequestType) {
    case 'Create':
      return { type: 'Create', wanted };
    case 'Update': {
      const old = toRegistration(event.OldResourceProperties);
      return { type: 'Update', physicalId: event.PhysicalResourceId, wanted, old };
    }
    case 'Delete':
      return { type: 'Delete', physicalId: event.PhysicalResourceId, wanted };
  }
}

function toRegistration(properties: z.infer<typeof Properties>): Registration {
  const { Name, Uri, SubscribedEvents, ApiKeySecretId, SigningSecretId } = properties;
  return {
    name: Name,
    uri: Uri,
    events: SubscribedEvents,
    apiKeySecretId: ApiKeySecretId,
    signingSecretId: SigningSecretId,
  };
}

export interface CustomResourceFailure {
  readonly status: 'FAILED';
  readonly physicalId: string;
  readonly reason: string;
}
export type CustomResourceResult = CustomResourceFailure | { readonly status: 'SUCCESS'; readonly physicalId: string };

/** What is not one of our sentences may quote a request, and is only named. */
export function toFailure(event: CustomResourceEvent, error: unknown): CustomResourceFailure {
  const own = event.RequestType === 'Create' ? NOT_REGISTERED : event.PhysicalResourceId;
  const physicalId = error instanceof RegistrationFailed ? error.physicalId : own;
  const cause = error instanceof RegistrationFailed ? error.cause : error;
  const reason =
    cause instanceof PipelineError
      ? cause.message
      : `The function failed (${cause instanceof Error ? cause.name : 'unknown'}); its log says how.`;
  return { status: 'FAILED', physicalId, reason };
}

/** @throws when CloudFormation cannot be told: the function is then invoked again, and finds what it did */
export async function respond(
  event: CustomResourceEvent,
  result: CustomResourceResult,
  fetchFn: typeof fetch,
): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = event;
  const body = JSON.stringify({
    Status: result.status,
    ...(result.status === 'FAILED' && { Reason: result.reason }),
    PhysicalResourceId: result.physicalId,
    ...{ StackId, RequestId, LogicalResourceId },
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      // The URL is signed for no content type.
      const answer = await fetchFn(event.ResponseURL, {
        method: 'PUT',
        body,
        headers: { 'content-type': '' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body?.cancel();
      if (answer.ok) return;
      throw new Error(`CloudFormation's answer was not taken: HTTP ${answer.status}`);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
