import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Endpoints, readEndpoints, takeOver, writeEndpoints } from '../../../local/run/endpoints.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'endpoints-'));
  file = join(dir, 'endpoints.json');
});

const endpointsAt = (s3Url: string): Endpoints => ({
  ...{ webhookUrl: 'http://127.0.0.1:3000/webhooks/gemini', dynamicWebhookUrl: 'b', signingSecret: 'c' },
  ...{ geminiUrl: 'd', apiKey: 'e', dynamodbUrl: 'f', s3Url, bucket: 'h', table: 'i', busName: 'j' },
  ...{
    eventsFile: 'k',
    jwksUrl: 'l',
    awsUrl: 'http://127.0.0.1:5',
    outputs: {},
    resources: [],
    simulatorControlUrl: null,
  },
});

async function listener() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, close: () => once(server.close(), 'close') };
}

describe('endpoints.json', () => {
  it('is for nobody else to read, whoever could read what was there before, and is taken away again', () => {
    const endpoints = endpointsAt('g');
    writeFileSync(file, 'of an earlier run', { mode: 0o644 });

    const remove = writeEndpoints(dir, endpoints);

    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(endpoints);
    expect(readEndpoints(dir)).toEqual(endpoints);
    expect(readdirSync(dir)).toEqual(['endpoints.json']);
    remove();
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each([['{'], ['{}'], [undefined]])('is asked for when it holds %j', (text) => {
    if (text !== undefined) writeFileSync(file, text);

    expect(() => readEndpoints(dir)).toThrow('Start the local run first: npm start -- --serve');
  });
});

describe('a folder that is taken over', () => {
  it('has no endpoints of a run that was killed', async () => {
    const killed = await listener();
    writeEndpoints(dir, endpointsAt(killed.url));
    await killed.close();

    await takeOver(dir);

    expect(existsSync(file)).toBe(false);
  });

  it.each([['{'], ['{}']])('has no endpoints that cannot be read: %j', async (text) => {
    writeFileSync(file, text);

    await takeOver(dir);

    expect(existsSync(file)).toBe(false);
  });

  it('may be new', async () => {
    await expect(takeOver(join(dir, 'new'))).resolves.toBeUndefined();
  });

  it('is refused, and left as it is, while its run is alive', async () => {
    const alive = await listener();
    writeEndpoints(dir, endpointsAt(alive.url));

    await expect(takeOver(dir)).rejects.toThrow(
      `Another local run (http://127.0.0.1:3000/webhooks/gemini) is using ${dir}. End it, or give another folder with --state-dir.`,
    );

    expect(readEndpoints(dir).s3Url).toBe(alive.url);
    await alive.close();
  });
});
