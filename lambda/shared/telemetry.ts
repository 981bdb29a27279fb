/** The log and the metrics of one function: Powertools behind our ports. The namespace is in its own environment variable. */
import { Logger } from '@aws-lambda-powertools/logger';
import { MetricUnit, Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import type { Log, Metrics } from './ports.ts';

export interface Telemetry {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Writes what was measured; call it once per invocation, in `finally`. */
  flush(): void;
}

/** @param fields of every line, e.g. the project of a function that has but one */
export function createTelemetry(service: string, fields: Readonly<Record<string, string>> = {}): Telemetry {
  const logger = new Logger({ serviceName: service, persistentKeys: { ...fields } });
  const powertools = new PowertoolsMetrics({ serviceName: service });

  /** EMF has one set of dimensions per line, so that a metric with its own dimension is a line of its own. */
  function add(
    name: string,
    unit: (typeof MetricUnit)[keyof typeof MetricUnit],
    value: number,
    dimension?: Readonly<Record<string, string>>,
  ) {
    if (dimension === undefined) {
      powertools.addMetric(name, unit, value);
      return;
    }
    const single = powertools.singleMetric();
    for (const [key, text] of Object.entries(dimension)) single.addDimension(key, text);
    single.addMetric(name, unit, value);
  }

  return {
    log: {
      info: (message, more) => logger.info(message, more),
      warn: (message, more) => logger.warn(message, more),
      error: (message, more) => logger.error(message, more),
    },
    metrics: {
      count: (name, dimension, value = 1) => add(name, MetricUnit.Count, value, dimension),
      seconds: (name, value, dimension) => add(name, MetricUnit.Seconds, value, dimension),
    },
    flush: () => {
      if (powertools.hasStoredMetrics()) powertools.publishStoredMetrics();
    },
  };
}
