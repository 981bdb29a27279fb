/** Entry of `npm run send`. */
import { LocalRunError } from './local-run-error.ts';
import { send } from './run/send.ts';

try {
  console.log(await send(process.argv.slice(2), new Date()));
} catch (error) {
  if (!(error instanceof LocalRunError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
