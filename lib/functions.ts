/** Every function of the deployment: the name of its bundle, which is the `service` of its metrics, and its module. */
import { fileURLToPath } from 'node:url';

const MODULES = {
  verifier: 'receive/verifier',
  reverify: 'receive/reverify',
  fetch: 'fetch/fetch',
  'record-job': 'ledger/record-job',
  reconciler: 'reconcile/reconcile',
  'register-webhook': 'registration/register',
  'rotate-secret': 'registration/rotate',
  'check-webhook': 'registration/check',
} as const;

export type FunctionName = keyof typeof MODULES;

export const FUNCTION_NAMES = Object.keys(MODULES) as FunctionName[];

/** Path of the module that exports `handler`. */
export function moduleOf(name: FunctionName): string {
  return fileURLToPath(new URL(`../lambda/${MODULES[name]}.lambda.ts`, import.meta.url));
}
