/** The deployment's alarms in CloudWatch: which are on, and which notify nobody. */
import {
  type CloudWatchClient,
  type CompositeAlarm,
  DescribeAlarmsCommand,
  type MetricAlarm,
} from '@aws-sdk/client-cloudwatch';

export interface AlarmFindings {
  readonly on: readonly {
    readonly name: string;
    /** `critical`, `high` or `low`. */
    readonly severity: string;
    readonly since: string;
    readonly runbook: string;
  }[];
  /** Deployed, and not there any more. */
  readonly missing: readonly string[];
  /** Their actions were switched off. */
  readonly silenced: readonly string[];
  /** CloudWatch does not know their state. */
  readonly blind: readonly string[];
}

/** CloudWatch takes this many names in one call. */
const NAMES_PER_CALL = 100;

/** @param names of those that were deployed */
export async function alarmFindings(client: CloudWatchClient, names: readonly string[]): Promise<AlarmFindings> {
  const found: (MetricAlarm | CompositeAlarm)[] = [];
  for (let from = 0; from < names.length; from += NAMES_PER_CALL) {
    const { MetricAlarms = [], CompositeAlarms = [] } = await client.send(
      new DescribeAlarmsCommand({
        AlarmNames: names.slice(from, from + NAMES_PER_CALL),
        AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
        MaxRecords: NAMES_PER_CALL,
      }),
    );
    found.push(...CompositeAlarms, ...MetricAlarms);
  }
  const known = new Set(found.map(({ AlarmName }) => AlarmName));
  const namesOf = (alarms: typeof found) => alarms.map(({ AlarmName = '' }) => AlarmName);
  return {
    on: found
      .filter(({ StateValue }) => StateValue === 'ALARM')
      .map(({ AlarmName = '', AlarmDescription = '', StateUpdatedTimestamp }) => ({
        name: AlarmName,
        // As the alarm's description begins.
        severity: /^(critical|high|low)\./.exec(AlarmDescription)?.[1] ?? 'high',
        since: StateUpdatedTimestamp?.toISOString() ?? 'an unknown time',
        // Where the runbook is was chosen at the deployment, and its heading has no project or job type appended.
        runbook: /\S+#[a-z-]+/.exec(AlarmDescription)?.[0] ?? 'docs/runbook.md',
      })),
    missing: names.filter((name) => !known.has(name)),
    silenced: namesOf(found.filter(({ ActionsEnabled }) => ActionsEnabled === false)),
    blind: namesOf(found.filter(({ StateValue }) => StateValue === 'INSUFFICIENT_DATA')),
  };
}
