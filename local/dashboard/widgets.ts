/** The dashboard of a template: its widgets with their metrics, as CloudWatch would read them. */
import * as z from 'zod';
import { LocalRunError } from '../aws/local-run-error.ts';
import type { Measured } from './measured.ts';
import { statistic } from './statistic.ts';

/** A metric as a dashboard names it: namespace, name, pairs of dimension and value, and how to show it. */
const MetricRow = z.array(z.union([z.string(), z.looseObject({})]));
const Widget = z.object({
  type: z.string(),
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  properties: z.looseObject({
    title: z.string().optional(),
    markdown: z.string().optional(),
    view: z.string().optional(),
    metrics: z.array(MetricRow).optional(),
    alarms: z.array(z.string()).optional(),
    yAxis: z.looseObject({ left: z.looseObject({ label: z.string().optional() }).optional() }).optional(),
  }),
});
export type Widget = z.infer<typeof Widget>;
const Body = z.object({ widgets: z.array(Widget) });

/** @throws LocalRunError when the body is none */
export function readWidgets(body: unknown): readonly Widget[] {
  const parsed = typeof body === 'string' ? Body.safeParse(JSON.parse(body)) : undefined;
  if (parsed?.success) return parsed.data.widgets;
  throw new LocalRunError('The template has no dashboard that can be read. Synthesize again: npm run synth');
}

export interface Series {
  readonly label: string;
  readonly stat: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

/** @param bucketMs in the place of the metric's period, which a run of seconds does not fill */
export function seriesOf({ properties }: Widget, measured: readonly Measured[], bucketMs: number): Series[] {
  return (properties.metrics ?? []).map((row) => {
    const texts = row.filter((part) => typeof part === 'string');
    const shown = z
      .looseObject({ label: z.string().optional(), stat: z.string().optional() })
      .parse(row.find((part) => typeof part === 'object') ?? {});
    const [namespace = '', name = '', ...pairs] = texts;
    const dimensions = Object.fromEntries(
      Array.from({ length: pairs.length / 2 }, (_, index) => [pairs[2 * index], pairs[2 * index + 1]]),
    );
    const own = measured.filter(
      (one) =>
        one.namespace === namespace &&
        one.name === name &&
        Object.keys(one.dimensions).length === Object.keys(dimensions).length &&
        Object.entries(one.dimensions).every(([key, value]) => dimensions[key] === value),
    );
    const stat = shown.stat ?? 'Average';
    return { label: shown.label ?? name, stat, points: bucket(own, stat, bucketMs) };
  });
}

function bucket(measured: readonly Measured[], stat: string, size: number): Series['points'] {
  const groups = Map.groupBy(measured, ({ at }) => Math.floor(at / size) * size);
  return [...groups]
    .map(([at, group]) => ({
      at,
      value: statistic(
        stat,
        group.map(({ value }) => value),
      ),
    }))
    .toSorted((a, b) => a.at - b.at);
}
