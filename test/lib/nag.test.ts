import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import type { MetadataEntry } from 'constructs';
import { describe, expect, it } from 'vitest';
import type { WebhooksStack } from '../../lib/index.ts';
import { newStack } from './synthesize.ts';

interface Acknowledgement {
  readonly id: string;
  readonly path: string;
  readonly reason: string;
  /** The metadata entry that holds it. */
  readonly reasons: Record<string, string>;
}

const stack = newStack();

function findings(of: WebhooksStack): string[] {
  return [new AwsSolutionsChecks(), new ServerlessChecks()].flatMap((pack) =>
    pack
      .validateScope(of)
      .violations.flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
      ),
  );
}

function acknowledgements(of: WebhooksStack): Acknowledgement[] {
  return of.node
    .findAll()
    .flatMap(({ node }) =>
      node.metadata
        .filter(({ type }: MetadataEntry) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
        .flatMap(({ data }) =>
          Object.entries<string>(data).map(([id, reason]) => ({ id, reason, path: node.path, reasons: data })),
        ),
    );
}

describe('cdk-nag', () => {
  it('finds nothing that is not acknowledged', () => {
    expect(findings(stack)).toEqual([]);
  });

  it.each(acknowledgements(stack))(
    'would find $id at $path, were it not acknowledged',
    ({ id, path, reason, reasons }) => {
      delete reasons[id];
      const found = findings(stack);
      reasons[id] = reason;

      expect(found).not.toEqual([]);
      for (const finding of found) {
        expect(finding).toMatch(id.replace(/^annotation::/i, '').split('[')[0] ?? id);
        expect(finding).toContain(` at ${path}/`);
      }
    },
  );

  it('has a reason of at least a sentence for every acknowledgement', () => {
    expect(acknowledgements(stack).length).toBeGreaterThan(0);
    for (const { reason } of acknowledgements(stack)) expect(reason).toMatch(/^[A-Zx].{30,}[.]$/);
  });
});
