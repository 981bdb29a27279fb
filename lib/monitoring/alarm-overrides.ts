/** Alarms as an operator wants them: with other thresholds, or not at all. */
import type { AlarmDefinition } from './alarm-definition.ts';

/** What is left out stays as it is. */
export interface AlarmOverride {
  /** In the unit of the metric. */
  readonly threshold?: number;
  /** Periods that are looked at. */
  readonly evaluationPeriods?: number;
  /** Periods of these that must be bad; all of them by default. */
  readonly datapointsToAlarm?: number;
}

/** By the alarm's heading in the runbook, for all projects and job types; false leaves it out. */
export type AlarmOverrides = Readonly<Record<string, AlarmOverride | false>>;

/** @returns nothing when it is left out */
export function tuned(definition: AlarmDefinition, overrides: AlarmOverrides = {}): AlarmDefinition[] {
  const override = overrides[definition.slug];
  if (override === undefined) return [definition];
  if (override === false) return [];
  const { threshold = definition.threshold, evaluationPeriods, datapointsToAlarm } = override;
  if (evaluationPeriods === undefined && datapointsToAlarm === undefined) return [{ ...definition, threshold }];
  const of = evaluationPeriods ?? definition.periods?.of ?? 1;
  return [{ ...definition, threshold, periods: { of, bad: datapointsToAlarm ?? of } }];
}

/** Each with what to do. @param slugs of all alarms that there are */
export function overrideFaults(overrides: AlarmOverrides = {}, slugs: readonly string[]): string[] {
  return Object.entries(overrides).flatMap(([slug, override]) => {
    if (!slugs.includes(slug)) return [`overrides has "${slug}", which is no alarm; give one of ${slugs.join(', ')}.`];
    const { evaluationPeriods = 1, datapointsToAlarm = 1, threshold = 0 } = override || {};
    const isCount = (value: number) => Number.isInteger(value) && value >= 1;
    return isCount(evaluationPeriods) && isCount(datapointsToAlarm) && Number.isFinite(threshold)
      ? []
      : [
          `overrides["${slug}"] is ${JSON.stringify(override)}; give whole numbers of periods from 1, and a number as the threshold.`,
        ];
  });
}
