/** The stage's access log, in the template's own format. */
import { append } from '../shared/append.ts';
import { LocalRunError } from '../shared/local-run-error.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html */
const VARIABLES = [
  'requestId',
  'requestTime',
  'routeKey',
  'status',
  'identity.sourceIp',
  'protocol',
  'dataProcessed',
  'responseLength',
  'responseLatency',
  'integrationLatency',
  'integrationStatus',
  'integration.requestId',
  'integrationErrorMessage',
  'error.responseType',
] as const;
export type AccessLogValues = Partial<Record<(typeof VARIABLES)[number], string | number>>;

/** @throws LocalRunError on a variable that is not known */
export function createAccessLog(format: string, file: string): (values: AccessLogValues) => void {
  const pattern = /\$context\.([A-Za-z.]*[A-Za-z])/g;
  for (const [, name = ''] of format.matchAll(pattern)) {
    if (!VARIABLES.some((known) => known === name)) {
      throw new LocalRunError(
        `The access log uses $context.${name}, which the local run does not know. Add it to local/aws/access-log.ts.`,
      );
    }
  }
  return (values) => {
    const value = (name: string) => values[name as keyof AccessLogValues];
    append(file, `${format.replaceAll(pattern, (_, name: string) => String(value(name) ?? '-'))}\n`);
  };
}
