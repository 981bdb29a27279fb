/** A life drawn to scale. The table beside it says the same in words, so that a screen reader passes the drawing by. */
import { html } from 'hono/html';
import { duration, type Html, NOTHING } from '../format.ts';
import { LANES, type Step } from '../timeline.ts';

const WIDTH = 660;
const LEFT = 82;
const RIGHT = 18;
const LANE_HEIGHT = 24;
const TOP = 8;
/** Narrower than that nobody sees a bar. */
const LEAST = 3;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STRIDES = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 96, 240].map((count) => count * HOUR),
];

/** Round distances from the start, at most six of them and the start. */
export function ticksOf(spanMs: number): readonly number[] {
  const stride = STRIDES.find((one) => spanMs / one <= 6) ?? spanMs / 6;
  return Array.from({ length: Math.floor(spanMs / stride) + 1 }, (_, index) => index * stride);
}

/** The part after the end, when it is so short that the whole hides it. */
export function tailOf(steps: readonly Step[]): readonly Step[] | undefined {
  const end = steps.find(({ lane, what }) => lane === 'Gemini' && what === 'ended');
  const { from, to } = spanOf(steps);
  if (end === undefined || to - Date.parse(end.at) > 0.3 * (to - from)) return undefined;
  const tail = steps.filter((step) => Date.parse(step.at) >= Date.parse(end.at));
  return tail.length > 1 ? tail : undefined;
}

function spanOf(steps: readonly Step[]): { readonly from: number; readonly to: number } {
  const times = steps.flatMap(({ at, until }) => [Date.parse(at), Date.parse(until ?? at)]);
  return { from: Math.min(...times), to: Math.max(...times) };
}

export function timelineSvg(steps: readonly Step[], title: string): Html {
  if (steps.length === 0) return NOTHING;
  const { from, to } = spanOf(steps);
  const span = Math.max(1, to - from);
  const x = (time: string | number) =>
    LEFT + ((typeof time === 'number' ? time : Date.parse(time) - from) / span) * (WIDTH - LEFT - RIGHT);
  const lanes = LANES.filter((lane) => steps.some((step) => step.lane === lane));
  const y = (index: number) => TOP + index * LANE_HEIGHT + LANE_HEIGHT / 2;
  const bottom = TOP + lanes.length * LANE_HEIGHT;
  return html`<figure class="timeline"><figcaption>${title} <span class="quiet">${duration(to - from)}</span></figcaption>
<div class="scroll"><svg viewBox="0 0 ${WIDTH} ${bottom + 24}" aria-hidden="true" focusable="false">
${ticksOf(span).map(
  (tick) => html`<line class="grid" x1="${round(x(tick))}" x2="${round(x(tick))}" y1="${TOP}" y2="${bottom}"/>
<text class="tick" x="${round(x(tick))}" y="${bottom + 16}" text-anchor="middle">${tick === 0 ? '0' : `+${label(tick)}`}</text>`,
)}
${lanes.map(
  (lane, index) => html`<text class="lane" x="0" y="${y(index) + 4}">${lane}</text>
<line class="track" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(index)}" y2="${y(index)}"/>
${steps.filter((step) => step.lane === lane).map((step) => mark(step, x, y(index)))}`,
)}
</svg></div></figure>`;
}

function mark({ at, until, what, detail, tone }: Step, x: (time: string) => number, y: number): Html {
  const left = x(at);
  const title = html`<title>${what}: ${detail}</title>`;
  if (until !== undefined && Date.parse(until) > Date.parse(at)) {
    const width = Math.max(LEAST, x(until) - left);
    return html`<rect class="bar ${tone}" x="${round(left)}" y="${y - 6}" width="${round(width)}" height="12" rx="3">${title}</rect>`;
  }
  return html`<circle class="dot ${tone}" cx="${round(left)}" cy="${y}" r="5">${title}</circle>`;
}

function label(ms: number): string {
  if (ms < SECOND) return `${ms} ms`;
  if (ms < MINUTE) return `${ms / SECOND} s`;
  return ms < HOUR ? `${ms / MINUTE} min` : `${ms / HOUR} h`;
}

function round(value: number): string {
  return value.toFixed(1);
}
