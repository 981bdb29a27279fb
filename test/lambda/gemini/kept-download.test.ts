import { expect, it } from 'vitest';
import { KeptDownload } from '../../../lambda/gemini/kept-download.ts';
import type { Download } from '../../../lambda/gemini/ports.ts';

const MIB = 1024 * 1024;

async function* chunksOf(sizes: readonly number[], failure?: Error) {
  for (const [index, size] of sizes.entries()) yield Buffer.alloc(size, index);
  if (failure !== undefined) throw failure;
}

async function read(download: Download | undefined): Promise<Buffer | undefined> {
  if (download === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of download.chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it.each([
  ['small', [3, 4], true],
  ['of nothing', [], true],
  ['of 4 MiB', [MIB, 3 * MIB], true],
  ['of a byte more', [4 * MIB, 1], false],
])('gives what is %s once more', async (_what, sizes, isKept) => {
  const kept = new KeptDownload({ chunks: chunksOf(sizes), bytes: undefined });

  const first = await read(kept);
  const second = await read(kept.again());

  expect(first?.length).toBe(sizes.reduce((sum, size) => sum + size, 0));
  expect(second?.equals(first ?? Buffer.alloc(0))).toBe(isKept || undefined);
});

it('gives nothing that broke off, or was not read to its end', async () => {
  const broken = new KeptDownload({ chunks: chunksOf([3], new Error('broken')), bytes: undefined });
  await expect(read(broken)).rejects.toThrow('broken');
  const left = new KeptDownload({ chunks: chunksOf([3, 4]), bytes: undefined });
  for await (const _ of left.chunks) break;

  expect(broken.again()).toBeUndefined();
  expect(left.again()).toBeUndefined();
});
