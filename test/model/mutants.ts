/**
 * `npm run mutants`: breaks the code on purpose, one line at a time and in a copy, and sees whether the models notice. A
 * mutant that none of them catches is a hole in what they prove.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderTable } from '../../cli/table.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'drop the lease condition',
    file: 'lambda/events/idempotency.client.ts',
    from: '(#status = :inprogress AND #lease <= :nowMs)',
    to: '#status = :inprogress',
  },
  {
    name: 'claim what is completed',
    file: 'lambda/events/idempotency.client.ts',
    from: '(#status = :inprogress AND #lease <= :nowMs)',
    to: '#lease <= :nowMs',
  },
  {
    name: 'ignore FailedEntryCount',
    file: 'lambda/events/bus.client.ts',
    from: 'output.FailedEntryCount !== 0 || entry?.EventId === undefined',
    to: 'output.FailedEntryCount === 2 && entry === undefined',
  },
  {
    name: 'complete before publish',
    file: 'lambda/events/publish-once.ts',
    from: '  if (!isDone) await publishOrRelease(ports, id, owner, event);\n  await complete(ports, id, owner, event);',
    to: '  await complete(ports, id, owner, event);\n  if (!isDone) await publishOrRelease(ports, id, owner, event);',
  },
  {
    name: 'acknowledge in-progress',
    file: 'lambda/events/publish-once.ts',
    from: "    return { outcome: 'in-progress', retryAfterSeconds: Math.max(1, seconds) };",
    to: "    return Number.isNaN(seconds) ? { outcome: 'in-progress', retryAfterSeconds: 1 } : { outcome: 'duplicate' };",
  },
  {
    name: 'swallow a failed publish',
    file: 'lambda/events/publish-once.ts',
    from: 'jobLogFields(event.detail)));\n    throw error;',
    to: 'jobLogFields(event.detail)));\n    void error;',
  },
  {
    name: 'never complete',
    file: 'lambda/events/publish-once.ts',
    from: '  await complete(ports, id, owner, event);\n',
    to: '  void complete;\n',
  },
  {
    name: 'manifest first',
    file: 'lambda/fetch/fetch-outputs.ts',
    from: '  const files = await inspectFiles(',
    to: "  await store.writeManifest(key, writeUp(ports, event, { outcome: 'stored', plan, startedAt, error: null }));\n  const files = await inspectFiles(",
  },
  {
    name: 'believe that an own object was written',
    file: 'lambda/fetch/storing.ts',
    from: 'own ?? (await this.#readBack(described))',
    to: "own ?? { bytes: written, sha256: '' }",
  },
  {
    name: 'take a manifest for written that S3 refused',
    file: 'lambda/fetch/fetch-outputs.ts',
    from: '  if (isFirst) {\n',
    to: '  if (isFirst || key !== undefined) {\n',
  },
  {
    name: 'give up what is not found',
    file: 'lambda/fetch/absent-job.ts',
    from: '  if (isStrangers(absence)) {',
    to: '  if (isStrangers(absence) || true) {',
  },
  {
    name: 'give up a file that is late',
    file: 'lambda/fetch/store-file.ts',
    from: '  if (!isExpired) return',
    to: '  if (isExpired) return',
  },
  {
    name: 'let nothing be the last word',
    file: 'lambda/fetch/fetch-outputs.ts',
    from: "plan.missing === undefined ? '' : WITHOUT_OUTPUTS",
    to: "plan.missing === undefined ? '' : ''",
  },
  {
    name: 'announce first',
    file: 'lambda/fetch/fetch-outputs.ts',
    from: '  const isFirst = await store.writeManifest(key, manifest);',
    to: '  await announceStored(ports, event, { key, manifest });\n  const isFirst = await store.writeManifest(key, manifest);',
  },
  {
    name: 'believe a download that broke off',
    file: 'lambda/fetch/store-file.ts',
    from: 'total !== undefined && bytes !== total',
    to: 'total !== undefined && bytes > total',
  },
  {
    name: 'let one job stop the others',
    file: 'lambda/reconcile/ask-awaited.ts',
    from: '      await this.#unanswered(job, error);\n',
    to: '      await this.#unanswered(job, error);\n      this.#stop(error);\n',
  },
  {
    name: 'wait with the list for the questions',
    file: 'lambda/reconcile/reconcile.ts',
    from: 'Promise.allSettled([askAwaited(run), sweepBatches(run)])',
    to: 'Promise.allSettled([askAwaited(run), askAwaited(run).then(() => run.wasAnswered && sweepBatches(run))])',
  },
  {
    name: 'take a refused list for an empty one',
    file: 'lambda/reconcile/sweep-batches.ts',
    from: '      if (page === undefined) return false;\n',
    to: "      if (page === undefined) {\n        this.#run.cursor = { ...this.#run.cursor, notBefore: '2100-01-01T00:00:00Z' };\n        return true;\n      }\n",
  },
  {
    name: 'forget a job that Gemini does not show',
    file: 'lambda/reconcile/ask-awaited.ts',
    from: 'await this.#postpone(job, undefined, { failingSince: job.failingSince ?? now });',
    to: "await missed.giveUp(job, 'ERR_JOB_NOT_OURS', 'never seen');",
  },
  {
    name: 'announce under a key of its own',
    file: 'lambda/reconcile/missed-jobs.ts',
    from: "publishOnce(this.#ports, onceFor(detail, ''));",
    to: "publishOnce(this.#ports, { ...onceFor(detail, ''), id: detail.webhookId });",
  },
  {
    name: 'leave uploads open',
    file: 'lambda/fetch/fetch-outputs.ts',
    from: '    await storing.abort();\n',
    to: '',
  },
];

function isCaught(mutant: Mutant): boolean {
  const copy = mkdtempSync(join(tmpdir(), 'mutant-'));
  try {
    for (const part of ['lambda', 'cli/table.ts', 'test/model', 'test/fakes', 'package.json']) {
      cpSync(join(PROJECT, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'));
    const file = join(copy, mutant.file);
    const code = readFileSync(file, 'utf8');
    if (code.split(mutant.from).length !== 2)
      throw new Error(`${mutant.name}: ${mutant.file} does not have its line once`);
    writeFileSync(
      file,
      code.replace(mutant.from, () => mutant.to),
    );
    const { status, stderr } = spawnSync(process.execPath, ['test/model/main.ts', '--short'], {
      cwd: copy,
      encoding: 'utf8',
    });
    // A mutant that does not even start would be caught by anything.
    if (status !== 0 && !stderr.includes('choices')) throw new Error(`${mutant.name} cannot be run:\n${stderr}`);
    return status !== 0;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const rows: string[][] = [];
for (const mutant of MUTANTS) {
  process.stderr.write(`\r\x1b[K${mutant.name} …`);
  const caught = isCaught(mutant);
  rows.push([mutant.name, mutant.file, caught ? 'caught' : 'MISSED']);
  if (!caught) process.exitCode = 1;
}
process.stderr.write('\r\x1b[K');
console.log(renderTable(['mutant', 'of', 'by the models'], rows));
