#!/usr/bin/env node
/** Entry of `gemini-webhooks`. */
import { enableCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

// A command, and each completion of a word, starts in half the time; what is to be compiled is imported after this.
enableCompileCache();
const { run } = await import('./program.ts');
const { createTerminal } = await import('../terminal.ts');

const interruption = new AbortController();
let isWaiting = false;

/** Who follows ends a command between two looks; elsewhere an interruption ends it at once, as ever. */
process.on('SIGINT', () => {
  if (!isWaiting) process.exit(130);
  interruption.abort();
});

async function pause(milliseconds: number): Promise<boolean> {
  isWaiting = true;
  try {
    await sleep(milliseconds, undefined, { signal: interruption.signal });
    return true;
  } catch {
    return false;
  } finally {
    isWaiting = false;
  }
}

process.exitCode = await run(process.argv.slice(2), {
  terminal: createTerminal(process.stdout, process.stderr, process.stdin),
  clock: () => new Date(),
  pause,
});
