/** Rules with a schedule: their targets are invoked at its rate, or at once when somebody asks. */
import type { LambdaFunction } from '../lambda/lambda-function.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Resource } from '../template/stack.ts';

export interface Schedules {
  /** Invokes what the rules whose logical id contains this would invoke, and waits for it. */
  run(ruleIdPart: string): Promise<void>;
  close(): Promise<void>;
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** @throws LocalRunError for a schedule or target that is not known */
export function startSchedules(
  rules: readonly Resource<'AWS::Events::Rule'>[],
  functionOf: (arn: string) => Pick<LambdaFunction, 'invoke'> | undefined,
): Schedules {
  const timers: NodeJS.Timeout[] = [];
  const scheduled = rules.flatMap((rule) => {
    const { ScheduleExpression, Targets } = rule.properties;
    if (ScheduleExpression === undefined) return [];
    const targets = Targets.map(({ Arn }) => {
      const target = functionOf(Arn);
      if (target === undefined) throw new LocalRunError(`${rule.id} has the target ${Arn}, which is no function.`);
      return target;
    });
    const event = { 'detail-type': 'Scheduled Event', source: 'aws.events', resources: [rule.arn], detail: {} };
    const run = async () => {
      for (const target of targets) await target.invoke(event);
    };
    timers.push(setInterval(run, intervalOf(rule.id, ScheduleExpression)).unref());
    return [{ id: rule.id, run }];
  });
  return {
    async run(part) {
      const wanted = scheduled.filter(({ id }) => id.includes(part));
      if (wanted.length === 0) throw new LocalRunError(`The template has no schedule ${part}.`);
      for (const { run } of wanted) await run();
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}

function intervalOf(id: string, expression: string): number {
  const [, count = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const milliseconds = Number(count) * (UNITS[unit] ?? 0);
  if (milliseconds > 0) return milliseconds;
  throw new LocalRunError(`${id} has the schedule ${expression}, which the local run does not know.`);
}
