import { expect, it } from 'vitest';
import { sendCommand } from '../../../local/run/screen.ts';

it.each([
  ['.local', 'npm run send -- batch.succeeded batches/a'],
  ['../other', 'npm run send -- batch.succeeded batches/a --state-dir ../other'],
  ["it's here", "npm run send -- batch.succeeded batches/a --state-dir 'it'\\''s here'"],
])('gives a command to paste for the folder %s', (stateDir, command) => {
  expect(sendCommand('batches/a', stateDir)).toBe(command);
});
