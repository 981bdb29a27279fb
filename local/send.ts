/** Entry of `npm run send`. */
import { send } from './run/send.ts';
import { LocalRunError } from './shared/local-run-error.ts';

try {
  console.log(await send(process.argv.slice(2), new Date()));
} catch (error) {
  if (!(error instanceof LocalRunError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
