/** Draws a dashboard as CloudWatch lays it out: 24 columns, lines over time, numbers. */
import { LocalRunError } from '../aws/local-run-error.ts';
import type { AlarmState, JudgedAlarm } from './alarms.ts';
import type { Series, Widget } from './widgets.ts';

/** Narrow enough to be read at the width of a page. */
const COLUMN = 42;
const ROW = 44;
const GAP = 6;
/** In characters; more do not fit twice into a graph. */
const WIDE_LABEL = 20;
const COLOURS = [
  '#1f77b4',
  '#2ca02c',
  '#d62728',
  '#ff7f0e',
  '#9467bd',
  '#8c564b',
  '#e377c2',
  '#7f7f7f',
  '#17becf',
  '#bcbd22',
];

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Shown {
  readonly widget: Widget;
  readonly series: readonly Series[];
  readonly alarms: readonly JudgedAlarm[];
}

const STATES: Readonly<Record<AlarmState, string>> = { ok: '#1d8102', alarm: '#d13212', unknown: '#879596' };

export function renderSvg(shown: readonly Shown[], caption: string): string {
  const height = Math.max(...shown.map(({ widget }) => widget.y + widget.height)) * ROW + 30;
  const width = 24 * COLUMN;
  const all = shown.flatMap(({ series }) => series.flatMap(({ points }) => points.map(({ at }) => at)));
  const span = { from: Math.min(...all), to: Math.max(...all) };
  const drawn = shown.map((one) => drawWidget(one, span)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#f2f3f3"/>
${drawn}
${text(GAP, height - 10, caption, 'fill="#545b64"')}
</svg>
`;
}

function drawWidget({ widget, series, alarms }: Shown, span: { readonly from: number; readonly to: number }): string {
  const box: Box = {
    x: widget.x * COLUMN + GAP,
    y: widget.y * ROW + GAP,
    width: widget.width * COLUMN - 2 * GAP,
    height: widget.height * ROW - 2 * GAP,
  };
  const { markdown, title = '', view } = widget.properties;
  if (markdown !== undefined) {
    return text(box.x, box.y + 22, markdown.replace(/^#+ /, ''), 'font-size="18" font-weight="bold" fill="#16191f"');
  }
  const frame = `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" fill="#fff" stroke="#d5dbdb"/>
${text(box.x + 10, box.y + 18, title, 'font-weight="bold" fill="#16191f"')}`;
  const drawings: Readonly<Record<string, () => string>> = {
    singleValue: () => drawNumbers(box, series),
    timeSeries: () => drawLines(box, series, span),
    alarm: () => drawAlarms(box, alarms),
  };
  const drawing = drawings[widget.type === 'alarm' ? 'alarm' : (view ?? '')];
  if (drawing === undefined) {
    throw new LocalRunError(
      `The widget "${title}" is a ${widget.type} in the view ${view}. Add that to local/dashboard/svg.ts.`,
    );
  }
  return `${frame}\n${drawing()}`;
}

/** Column by column, as they stand in the template. */
function drawAlarms(box: Box, alarms: readonly JudgedAlarm[]): string {
  const rows = Math.floor((box.height - 36) / 20);
  const columns = Math.max(1, Math.ceil(alarms.length / rows));
  const width = (box.width - 20) / columns;
  return alarms
    .map(({ name, state }, index) => {
      const [x, y] = [box.x + 12 + Math.floor(index / rows) * width, box.y + 42 + (index % rows) * 20];
      const weight = state === 'alarm' ? ' font-weight="bold"' : '';
      return `${text(x, y, '●', `fill="${STATES[state]}"`)}\n${text(x + 14, y, name, `fill="#16191f"${weight}`)}`;
    })
    .join('\n');
}

function drawNumbers(box: Box, series: readonly Series[]): string {
  const step = (box.width - 20) / Math.max(1, series.length);
  return series
    .map(({ label, points }, index) => {
      const x = box.x + 10 + index * step;
      const value = points.at(-1)?.value;
      return `${text(x, box.y + 62, value === undefined ? '–' : short(value), 'font-size="26" fill="#16191f"')}
${text(x, box.y + 84, label, `fill="${colour(index)}"`)}`;
    })
    .join('\n');
}

function drawLines(box: Box, series: readonly Series[], span: { readonly from: number; readonly to: number }): string {
  const seen = series.flatMap((one, index) => (one.points.length > 0 ? [{ ...one, colour: colour(index) }] : []));
  const legendColumns = Math.max(...seen.map(({ label }) => label.length)) > WIDE_LABEL ? 1 : 2;
  const plot = {
    x: box.x + 44,
    y: box.y + 30,
    width: box.width - 58,
    height: box.height - 30 - 20 - 15 * Math.ceil(seen.length / legendColumns),
  };
  const top = Math.max(1, ...seen.flatMap(({ points }) => points.map(({ value }) => value)));
  const place = (at: number, value: number) => {
    const x = plot.x + ((at - span.from) / Math.max(1, span.to - span.from)) * plot.width;
    return `${x.toFixed(1)},${(plot.y + plot.height - (value / top) * plot.height).toFixed(1)}`;
  };
  const axes = `<path d="M${plot.x} ${plot.y}V${plot.y + plot.height}H${plot.x + plot.width}" fill="none" stroke="#aab7b8"/>
${text(plot.x - 6, plot.y + 10, short(top), 'text-anchor="end" fill="#545b64"')}
${text(plot.x - 6, plot.y + plot.height, '0', 'text-anchor="end" fill="#545b64"')}`;
  const lines = seen.map(({ points, colour: stroke }) => {
    const dots = points.map(({ at, value }) => place(at, value));
    const circles = dots.map(
      (dot) => `<circle cx="${dot.split(',')[0]}" cy="${dot.split(',')[1]}" r="2.5" fill="${stroke}"/>`,
    );
    return `<polyline points="${dots.join(' ')}" fill="none" stroke="${stroke}" stroke-width="1.5"/>${circles.join('')}`;
  });
  const legend = seen.map(({ label, colour: fill }, index) =>
    text(
      box.x + 12 + (index % legendColumns) * (box.width / legendColumns),
      plot.y + plot.height + 20 + 15 * Math.floor(index / legendColumns),
      `● ${label}`,
      `fill="${fill}"`,
    ),
  );
  const empty =
    seen.length === 0
      ? [text(box.x + box.width / 2, box.y + box.height / 2, 'none', 'text-anchor="middle" fill="#879596"')]
      : [];
  return [axes, ...lines, ...legend, ...empty].join('\n');
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000';
}

function short(value: number): string {
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(1)} M`;
  if (value >= 10_000) return `${(value / 1000).toFixed(0)} k`;
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" ${attributes}>${escaped}</text>`;
}
