/** Alarms and headings of the runbook belong together, both ways. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Monitoring } from '../../lib/index.ts';
import { readable, resourcesOf, synthesize } from '../lib/synthesize.ts';

const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const alarmsPart = runbook.slice(runbook.indexOf('\n## Alarms'));
const sections = new Map(
  alarmsPart
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);
const template = synthesize({
  projects: [{ name: 'default' }, { name: 'acme' }],
  monitoring: Monitoring.alarms({ email: 'on-call@example.com', noDeliveryHours: 12 }),
});
const alarms = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
  Object.values(resourcesOf(template, type)).map(({ Properties }) => ({
    name: readable(Properties['AlarmName']),
    description: String(Properties['AlarmDescription']),
  })),
);
const slugOf = (description: string) => /docs\/runbook\.md#([a-z-]+)/.exec(description)?.[1] ?? 'none';

describe('docs/runbook.md', () => {
  it.each(alarms)('has a heading for $name, which begins with it', ({ name, description }) => {
    const slug = slugOf(description);

    expect([...sections.keys()]).toContain(slug);
    expect(name).toMatch(new RegExp(`^<AWS::StackName>-${slug}(?:-[a-z-]+)?$`));
  });

  it('has no heading without an alarm', () => {
    expect([...sections.keys()].toSorted()).toEqual([
      ...new Set(alarms.map(({ description }) => slugOf(description)).toSorted()),
    ]);
  });

  it.each([...sections])(
    'says under %s what it means, how to look, what to do, and when it is over',
    (_slug, section) => {
      for (const part of ['**Means**', '**Look**', '**Do**', '**Over**']) expect(section).toContain(part);
    },
  );

  it.each(alarms)('says by $name how bad it is and what silence means', ({ name, description }) => {
    expect(description).toMatch(/^(critical|high|low)\. [A-Z].+\. /);
    if (!name.includes('events-may-be-lost')) expect(description).toMatch(/ \(Missing data: .{20,}\.\)$/);
  });
});
