/** One page that answers from top to bottom: is it healthy, how much flows, how long does it take, what fails and where. */
import { Aws, Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
  PeriodOverride,
  SingleValueWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { deploymentNameOf } from '../shared/deployment-name.ts';
import type { Monitored } from './monitored.ts';

const FULL = 24;
const THIRD = 8;
const PERIOD = Duration.minutes(5);
const REJECTIONS = [
  'ERR_SIGNATURE_MISMATCH',
  'ERR_TOKEN_MISMATCH',
  'ERR_TIMESTAMP_OUT_OF_TOLERANCE',
  'ERR_BODY_INVALID',
];
const OUTAGES = ['ERR_KEYS_UNAVAILABLE', 'ERR_STORE_UNAVAILABLE', 'ERR_PUBLISH_FAILED'];

/** Those that stand for a possible loss, and the others. */
export interface AlarmsShown {
  readonly loss: readonly IAlarm[];
  readonly others: readonly IAlarm[];
}

export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, monitored: Monitored, alarms: AlarmsShown | undefined) {
    super(scope, id);
    new CloudWatchDashboard(this, 'Page', {
      dashboardName: `${deploymentNameOf(this)}-${Aws.REGION}`,
      defaultInterval: Duration.days(1),
      periodOverride: PeriodOverride.INHERIT,
      widgets: [
        [heading('Is it healthy?')],
        ...(alarms ? [health(alarms)] : []),
        webhooks(monitored),
        [heading('How much flows?')],
        flow(monitored),
        [heading("How long from the job's end to its manifest?")],
        durations(monitored),
        [heading('What fails, and where?')],
        failures(monitored),
        reconciliation(monitored),
      ],
    });
  }
}

function heading(markdown: string): IWidget {
  return new TextWidget({ markdown: `## ${markdown}`, width: FULL, height: 1 });
}

/** Two widgets, because one shows at most a hundred alarms. */
function health({ loss, others }: AlarmsShown): IWidget[] {
  return [
    new AlarmStatusWidget({ title: 'Alarms: may events be lost?', alarms: [...loss], width: FULL, height: 4 }),
    new AlarmStatusWidget({ title: 'Alarms: what else?', alarms: [...others], width: FULL, height: 4 }),
  ];
}

function webhooks({ metrics, projects, fetchers, undeliveredQueue }: Monitored): IWidget[] {
  const waiting = fetchers.map(({ jobType, queue }) =>
    queue.metricApproximateNumberOfMessagesVisible({ label: jobType, statistic: Stats.MAXIMUM, period: PERIOD }),
  );
  const given = fetchers.map(({ jobType, deadLetterQueue }) =>
    deadLetterQueue.metricApproximateNumberOfMessagesVisible({
      label: jobType,
      statistic: Stats.MAXIMUM,
      period: PERIOD,
    }),
  );
  const undelivered = undeliveredQueue.metricApproximateNumberOfMessagesVisible({
    label: 'undelivered',
    statistic: Stats.MAXIMUM,
    period: PERIOD,
  });
  const healthy = projects.map((project) =>
    metrics.webhookHealthy(project, Stats.MINIMUM, Duration.minutes(15)).with({ label: project }),
  );
  return [
    value('Webhook at Gemini (1 is healthy)', healthy),
    value('Jobs waiting to be fetched', waiting),
    value('Dead letters', [...given, undelivered]),
  ];
}

function value(title: string, shown: IMetric[]): IWidget {
  return new SingleValueWidget({ title, metrics: shown, width: THIRD, height: 3 });
}

function graph(title: string, left: IMetric[], unit: string): IWidget {
  return new GraphWidget({
    title,
    left,
    leftYAxis: { label: unit, showUnits: false, min: 0 },
    width: THIRD,
    height: 6,
  });
}

function flow({ metrics, projects, fetchers }: Monitored): IWidget[] {
  const received = projects.flatMap((project) =>
    ['accepted', 'duplicate', 'in-progress'].map((outcome) =>
      metrics.deliveries(project, outcome).with({ label: `${project} ${outcome}` }),
    ),
  );
  const stored = (name: 'OutputsStored' | 'BytesStored') =>
    projects.flatMap((project) =>
      fetchers.map(({ jobType }) => metrics.outputs(name, project, jobType).with({ label: `${project} ${jobType}` })),
    );
  return [
    graph('Deliveries', received, 'in 5 minutes'),
    graph('Jobs stored', stored('OutputsStored'), 'in 5 minutes'),
    graph('Bytes stored', stored('BytesStored'), 'bytes in 5 minutes'),
  ];
}

function durations({ metrics, projects, fetchers, api, verifier }: Monitored): IWidget[] {
  const toManifest = projects.flatMap((project) =>
    fetchers.map(({ jobType }) =>
      metrics
        .outputs('SecondsToStore', project, jobType, Stats.percentile(90))
        .with({ label: `${project} ${jobType} p90` }),
    ),
  );
  const percentiles = [50, 99].map((percent) => Stats.percentile(percent));
  const answers = percentiles.map((statistic) => api.metricLatency({ statistic, label: statistic, period: PERIOD }));
  const runs = percentiles.map((statistic) => verifier.metricDuration({ statistic, label: statistic, period: PERIOD }));
  return [
    graph('From the end of a job to its manifest', toManifest, 'seconds'),
    graph('Answers to Gemini', answers, 'milliseconds'),
    graph('Runs of the verifier', runs, 'milliseconds'),
  ];
}

function failures({ metrics, projects, fetchers, verifier }: Monitored): IWidget[] {
  const refused = (outcomes: readonly string[]) =>
    projects.flatMap((project) =>
      outcomes.map((outcome) => metrics.deliveries(project, outcome).with({ label: `${project} ${outcome}` })),
    );
  const fetching = projects.flatMap((project) =>
    fetchers.flatMap(({ jobType }) =>
      (['OutputsFailed', 'OutputsRetried'] as const).map((name) =>
        metrics
          .outputs(name, project, jobType)
          .with({ label: `${project} ${jobType} ${name === 'OutputsFailed' ? 'failed' : 'put back'}` }),
      ),
    ),
  );
  const crashes = [
    verifier.metricErrors({ label: 'verifier', period: PERIOD }),
    ...fetchers.map(({ jobType, function: handler }) =>
      handler.metricErrors({ label: `fetch ${jobType}`, period: PERIOD }),
    ),
  ];
  return [
    graph('Deliveries refused', refused([...REJECTIONS, ...OUTAGES]), 'in 5 minutes'),
    graph('Fetches', fetching, 'in 5 minutes'),
    graph('Errors of the functions', crashes, 'in 5 minutes'),
  ];
}

function reconciliation({ metrics, projects, fetchers, settings }: Monitored): IWidget[] {
  const { interval } = settings.reconciliation;
  const of = (name: 'EventsReconciled' | 'WebhooksMissed' | 'OldestUnstored') =>
    projects.flatMap((project) =>
      fetchers.map(({ jobType }) =>
        metrics.reconciled(name, project, jobType, interval).with({ label: `${project} ${jobType}` }),
      ),
    );
  return [
    graph('Webhooks missed', of('WebhooksMissed'), 'in a run'),
    graph('Announced without a webhook', of('EventsReconciled'), 'in a run'),
    graph('Oldest job that has not been stored', of('OldestUnstored'), 'seconds'),
  ];
}
