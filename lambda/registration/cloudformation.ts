/**
 * A custom resource's request, and the answer that CloudFormation waits for at a presigned URL.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
 */
import * as z from 'zod/mini';
import { SUBSCRIBABLE_EVENTS } from '../contract.ts';
import { ManagementError, PipelineError } from '../shared/errors.ts';
import { NOT_REGISTERED, type Registration, RegistrationFailed, type RegistrationRequest } from './register-webhook.ts';

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
/** Enough to be answered; what is to be registered is read after that. */
const CustomResourceEvent = z.looseObject({
  RequestType: z.string(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  ResponseURL: z.url(),
  PhysicalResourceId: z.optional(z.string()),
  ResourceProperties: z.optional(z.unknown()),
  OldResourceProperties: z.optional(z.unknown()),
});
export type CustomResourceEvent = z.infer<typeof CustomResourceEvent>;

/**
 * The URL is presigned, in a bucket of CloudFormation's own for each Region.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
 *
 * @param hosts.region of this function
 * @param hosts.other that may be answered as well, and without TLS
 * @throws when it is not CloudFormation that calls: there is nobody to answer then
 */
export function parseCustomResourceEvent(
  event: unknown,
  hosts: { readonly region: string; readonly other?: string | undefined },
): CustomResourceEvent {
  const parsed = CustomResourceEvent.parse(event);
  const { protocol, host, hostname } = new URL(parsed.ResponseURL);
  const bucket = `cloudformation-custom-resource-response-${hosts.region.replaceAll('-', '')}`;
  const isOfCloudFormation = protocol === 'https:' && host.startsWith(`${bucket}.s3`) && S3_HOST.test(host);
  if (!isOfCloudFormation && hostname !== hosts.other) throw new Error('The ResponseURL is not of CloudFormation');
  return parsed;
}

const S3_HOST = /^[a-z0-9-]+\.s3(?:[.-][a-z0-9-]+){0,2}\.amazonaws\.com(?:\.cn)?$/;

/** @throws ManagementError `ERR_REGISTRATION_REFUSED` */
export function toRegistrationRequest(event: CustomResourceEvent): RegistrationRequest {
  const { RequestType: type, PhysicalResourceId: physicalId, ResourceProperties, OldResourceProperties } = event;
  if (type === 'Create') return { type, wanted: toRegistration(ResourceProperties) };
  if (type === 'Update' && physicalId !== undefined) {
    const wanted = toRegistration(ResourceProperties);
    // The rollback of an update whose properties did not hold: it did nothing, so that what is wanted is what was.
    const old = Properties.safeParse(OldResourceProperties).success ? toRegistration(OldResourceProperties) : wanted;
    return { type, physicalId, wanted, old };
  }
  if (type === 'Delete' && physicalId !== undefined) {
    // A deletion must not fail by what another version wrote.
    const isUsable = Properties.safeParse(ResourceProperties).success;
    return { type, physicalId, wanted: isUsable ? toRegistration(ResourceProperties) : undefined };
  }
  throw unreadable(['RequestType']);
}

/** Functions on a schedule that are to run once, as soon as the webhook is there; after a deletion none. */
export function firstRunsOf({ RequestType, ResourceProperties }: CustomResourceEvent): readonly string[] {
  if (RequestType === 'Delete') return [];
  const parsed = z.looseObject({ FirstRuns: z.array(z.string()) }).safeParse(ResourceProperties);
  return parsed.success ? parsed.data.FirstRuns : [];
}

function unreadable(fields: readonly string[]): ManagementError {
  return new ManagementError(
    'ERR_REGISTRATION_REFUSED',
    `The request holds no usable ${fields.join(', ')}. Deploy the template that the function belongs to.`,
  );
}

function toRegistration(properties: unknown): Registration {
  const parsed = Properties.safeParse(properties);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => ['ResourceProperties', ...path.slice(0, 1)].join('.'));
    throw unreadable([...new Set(fields)]);
  }
  const { Name, Uri, SubscribedEvents, ApiKeySecretId, SigningSecretId } = parsed.data;
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
export type CustomResourceResult =
  | CustomResourceFailure
  | { readonly status: 'SUCCESS'; readonly physicalId: string; readonly reason?: string | undefined };

/** What is not one of our sentences may quote a request, and is only named. */
export function toFailure(event: CustomResourceEvent, error: unknown): CustomResourceFailure {
  const own = event.PhysicalResourceId ?? NOT_REGISTERED;
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
    Reason: result.reason,
    PhysicalResourceId: result.physicalId,
    ...{ StackId, RequestId, LogicalResourceId },
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      // The URL is signed for no content type.
      const answer = await fetchFn(event.ResponseURL, {
        method: 'PUT',
        redirect: 'error',
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
