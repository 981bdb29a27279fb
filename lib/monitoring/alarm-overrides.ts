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

/** Each with what to do. @param definitions of all alarms that there are */
export function overrideFaults(overrides: AlarmOverrides = {}, definitions: readonly AlarmDefinition[]): string[] {
  return Object.entries(overrides).flatMap(([slug, override]) => {
    const definition = definitions.find((one) => one.slug === slug);
    if (definition === undefined) {
      const slugs = new Set(definitions.map((one) => one.slug));
      return [`monitoring.overrides has "${slug}", which is no alarm; give one of ${[...slugs].join(', ')}.`];
    }
    const { evaluationPeriods = definition.periods?.of ?? 1, datapointsToAlarm = 1 } = override || {};
    return datapointsToAlarm <= evaluationPeriods
      ? []
      : [
          `monitoring.overrides["${slug}"] asks for ${datapointsToAlarm} bad periods of ${evaluationPeriods}; give no more than are looked at.`,
        ];
  });
}
