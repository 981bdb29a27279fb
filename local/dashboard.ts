/** Entry of `npm run dashboard`: records a local run, and draws the dashboard with its figures into docs/dashboard.svg. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LocalRunError } from './aws/local-run-error.ts';
import { drawDashboard } from './dashboard/draw.ts';
import { recordRun } from './dashboard/record.ts';

const TARGET = fileURLToPath(new URL('../docs/dashboard.svg', import.meta.url));

try {
  const { values } = parseArgs({ options: { 'state-dir': { type: 'string', default: '.local/dashboard' } } });
  const stateDir = resolve(values['state-dir']);
  mkdirSync(stateDir, { recursive: true });
  console.log('Recording a run of about a minute …');
  await recordRun(stateDir);
  writeFileSync(TARGET, drawDashboard(stateDir));
  console.log('docs/dashboard.svg is drawn.');
} catch (error) {
  if (!(error instanceof LocalRunError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
