/** `path=value` in a value of JSON. */
import { CliError } from './cli-error.ts';

type Json = Readonly<Record<string, unknown>>;

/** @returns a copy. @throws CliError for what is no setting */
export function setAt(target: Json, setting: string): Json {
  const equals = setting.indexOf('=');
  const path = setting.slice(0, Math.max(0, equals)).split('.');
  if (equals < 1 || path.some((part) => part === '' || part === '__proto__')) {
    throw new CliError(`--set is "${setting}"; give path=value, like userMetadata.team=search.`, 2);
  }
  return setIn(target, path, parse(setting.slice(equals + 1)));
}

function setIn(target: Json, [part = '', ...rest]: readonly string[], value: unknown): Json {
  if (rest.length === 0) return { ...target, [part]: value };
  const inner = target[part];
  const isRecord = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
  return { ...target, [part]: setIn(isRecord ? (inner as Json) : {}, rest, value) };
}

/** JSON where it is some, else the text itself. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
