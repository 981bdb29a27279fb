/** The schemas that are published, by an independent validator. */
import { readdirSync, readFileSync } from 'node:fs';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';

const FOLDER = new URL('../../schemas/1/', import.meta.url);
const ajv = new Ajv.default({ strict: false, allErrors: true });
addFormats.default(ajv as never);
const validators = new Map(
  readdirSync(FOLDER).map((file) => [
    file.replace('.json', ''),
    ajv.compile(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))),
  ]),
);

/** Null where the value fits. */
export function faultsOf(schema: string, value: unknown): unknown {
  const validate = validators.get(schema);
  if (validate === undefined) throw new Error(`There is no schema ${schema}`);
  return validate(value) ? null : validate.errors;
}

/** Of an event. */
export const schemaOf = (detailType: string) =>
  ({ 'output.stored': 'OutputStored', 'output.failed': 'OutputFailed', 'job.submitted': 'JobSubmitted' })[detailType] ??
  'JobEvent';
