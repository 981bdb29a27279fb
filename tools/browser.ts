/** A browser for the tests and the screenshot: from npm where it is built for this machine, else an installed Chrome. */
import { type Browser, chromium } from 'playwright-core';

export async function launchBrowser(): Promise<Browser> {
  if (process.platform === 'linux' && process.arch === 'x64') {
    const { default: packed } = await import('@sparticuz/chromium');
    // Its own arguments are for Lambda: among them is one that switches web security off, which is what is tested.
    return await chromium.launch({ executablePath: await packed.executablePath(), args: ['--no-sandbox'] });
  }
  return await chromium.launch({ channel: 'chrome' });
}
