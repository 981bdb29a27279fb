/** The end of a text file that may be long, and is written to at the same time. */
import { open } from 'node:fs/promises';

/** @returns whole lines, the last `mostBytes` of them at most */
export async function readEnd(path: string, mostBytes: number): Promise<readonly string[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - mostBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    // What comes before the first line break may be half a line.
    return start === 0 ? lines : lines.slice(1);
  } finally {
    await file.close();
  }
}
