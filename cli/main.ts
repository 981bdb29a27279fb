#!/usr/bin/env node
/** Entry of `gemini-webhooks`. */
import { processTerminal } from './context.ts';
import { run } from './program.ts';

process.exitCode = await run(process.argv.slice(2), { terminal: processTerminal, clock: () => new Date() });
