/** Entry of `npm run dashboard`: draws the dashboard with the figures of the last local run into docs/dashboard.svg. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LocalRunError } from './aws/local-run-error.ts';
import { drawDashboard } from './dashboard/draw.ts';

const TARGET = fileURLToPath(new URL('../docs/dashboard.svg', import.meta.url));

try {
  const { values } = parseArgs({ options: { 'state-dir': { type: 'string', default: '.local' } } });
  writeFileSync(TARGET, drawDashboard(values['state-dir']));
  console.log('docs/dashboard.svg is drawn.');
} catch (error) {
  if (!(error instanceof LocalRunError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
