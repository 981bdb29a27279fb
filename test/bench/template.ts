/** The template that would be deployed, as the local run reads it. */
import { synthesize } from '../../local/run/synthesize.ts';
import { type Assembly, readAssembly } from '../../local/template/assembly.ts';
import { readStack, type Stack } from '../../local/template/stack.ts';

/** @param dir for the assembly, whose bundles stand in it */
export async function readTemplate(dir: string): Promise<{ readonly assembly: Assembly; readonly stack: Stack }> {
  await synthesize(dir);
  const assembly = readAssembly(dir);
  return { assembly, stack: readStack(assembly, { apiUrl: 'http://127.0.0.1', awsUrl: 'http://127.0.0.1' }) };
}
