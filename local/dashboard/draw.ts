/** The dashboard of the last local run's template, with the figures of that run. */
import { join } from 'node:path';
import { LocalRunError } from '../aws/local-run-error.ts';
import { readAssembly } from '../template/assembly.ts';
import { resolve } from '../template/intrinsics.ts';
import { readStack } from '../template/stack.ts';
import { readMeasured } from './measured.ts';
import { renderSvg } from './svg.ts';
import { readWidgets, seriesOf } from './widgets.ts';

/** A run is over in seconds, and CloudWatch's five minutes would be one point. */
const BUCKET_MS = 1000;

/** @throws LocalRunError when there was no run */
export function drawDashboard(stateDir: string): string {
  const assembly = readAssembly(join(stateDir, 'cdk.out'));
  const stack = readStack(assembly, { apiUrl: 'http://127.0.0.1', awsUrl: 'http://127.0.0.1' });
  const [dashboard] = Object.values(assembly.resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Dashboard');
  const body = resolve(dashboard?.Properties?.['DashboardBody'], stack.identityOf, 'DashboardBody');
  const measured = readMeasured(join(stateDir, 'logs'));
  if (measured.length === 0) throw new LocalRunError(`${stateDir} has no figures. Run first: npm start -- --rotate`);
  const shown = readWidgets(body).map((widget) => ({ widget, series: seriesOf(widget, measured, BUCKET_MS) }));
  return renderSvg(shown, 'The dashboard of the template with the figures of a local run; each point is one second.');
}
