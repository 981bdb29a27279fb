/** The dashboard of the last recorded run's template, with the figures of that run. */
import { join } from 'node:path';
import { LocalRunError } from '../aws/local-run-error.ts';
import { readAssembly } from '../template/assembly.ts';
import { resolve } from '../template/intrinsics.ts';
import { readStack } from '../template/stack.ts';
import { judgeAlarms } from './alarms.ts';
import { readMeasured } from './measured.ts';
import { renderSvg } from './svg.ts';
import { readWidgets, seriesOf } from './widgets.ts';

/** A run is over in seconds, and CloudWatch's five minutes would be one point. */
const BUCKET_MS = 1000;
const CAPTION =
  'The dashboard of the template, with the figures of a local run: a point is a second, and to the alarms the whole run is one period.';

/**
 * @param stateDir with the assembly and the logs of a run
 * @throws LocalRunError when there was none, or when a widget is of a kind that cannot be drawn
 */
export function drawDashboard(stateDir: string): string {
  const assembly = readAssembly(join(stateDir, 'cdk.out'));
  const { identityOf } = readStack(assembly, { apiUrl: 'http://127.0.0.1', awsUrl: 'http://127.0.0.1' });
  const idOf = (type: string) => Object.entries(assembly.resources).find(([, { Type }]) => Type === type)?.[0] ?? '';
  const { Properties } = assembly.resources[idOf('AWS::CloudWatch::Dashboard')] ?? {};
  const body = resolve(Properties?.['DashboardBody'], identityOf, 'DashboardBody');
  const measured = readMeasured(join(stateDir, 'logs'), idOf('AWS::ApiGatewayV2::Api'));
  if (measured.length === 0) throw new LocalRunError(`${stateDir} has no figures. Draw again: npm run dashboard`);

  const alarms = judgeAlarms(assembly.resources, identityOf, measured);
  const shown = readWidgets(body).map((widget) => ({
    widget,
    series: seriesOf(widget, measured, BUCKET_MS),
    alarms: (widget.properties.alarms ?? []).flatMap((arn) => alarms.find((alarm) => alarm.arn === arn) ?? []),
  }));
  return renderSvg(shown, CAPTION);
}
