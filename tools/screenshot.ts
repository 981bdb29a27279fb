/** `npm run screenshot`: the pictures of the console in the docs, of jobs that were made up. */
import { fileURLToPath } from 'node:url';
import { startConsole } from '../cli/console/http/server.ts';
import { addJobWithOutputs, JOB_PATH } from '../test/fakes/console-job.ts';
import { FAKE_NOW, fakeSource } from '../test/fakes/console-source.ts';
import { launchBrowser } from './browser.ts';

const PICTURES = [
  { path: '/jobs', file: 'console.png', height: 720 },
  { path: JOB_PATH, file: 'console-job.png', height: 1160 },
] as const;

const source = fakeSource(200, { allowsChanges: true });
addJobWithOutputs(source);
const running = await startConsole(source, 0, () => FAKE_NOW);
const browser = await launchBrowser();
try {
  const page = await browser.newPage();
  await page.goto(running.url);
  for (const { path, file, height } of PICTURES) {
    await page.setViewportSize({ width: 1280, height });
    await page.goto(new URL(path, running.url).href);
    await page.waitForTimeout(1000);
    await page.screenshot({ path: fileURLToPath(new URL(`../docs/${file}`, import.meta.url)) });
  }
} finally {
  await browser.close();
  await running.close();
}
