/**
 * `npm run bench -- verify`: CPU time to verify one delivery, ours beside the reference library, svix, and bare node:crypto. The
 * candidates take turns, and each is compared with the bare one of its own round, so that a busy machine is unfair to all
 * alike; figures are medians of the rounds.
 */
import {
  createHmac,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { renderTable } from '../../cli/table.ts';
import { parseWebhookHeaders } from '../../lambda/standard-webhooks/headers.ts';
import {
  findV1aKey,
  importEd25519Keys,
  parseSigningSecret,
  verifyV1,
} from '../../lambda/standard-webhooks/signature.ts';
import { judge } from './goal.ts';
import { median } from './median.ts';

const ROUNDS = 61;
const PER_ROUND_MS = 15;
/** Of bare; beside the HMAC of 1 KiB, which takes 3 microseconds, the headers are seen. */
const goalOf = (kib: number, name: string) => (name === 'ours' && kib === 1 ? 1.35 : 1.15);

const bytes = Buffer.alloc(32, 'k');
const secret = `whsec_${bytes.toString('base64')}`;
const keys = [1, 2, 3].map(() => generateKeyPairSync('ed25519'));
const imported = importEd25519Keys(keys.map(({ publicKey }) => publicKey.export({ format: 'jwk' })));

type Candidate = readonly [name: string, run: () => unknown];

function candidatesOf(body: Buffer): { readonly v1: Candidate[]; readonly v1a: Candidate[] } {
  const id = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';
  const timestamp = String(Math.floor(Date.now() / 1000));
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const v1 = `v1,${createHmac('sha256', bytes).update(content).digest('base64')}`;
  const signer = keys[0];
  if (!signer) throw new Error('There is no key');
  const raw = sign(null, content, signer.privateKey);
  const headersOf = (signature: string) => ({
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
  });
  const v1Headers = headersOf(v1);
  const v1aHeaders = headersOf(`v1a,${raw.toString('base64')}`);
  const secrets = [parseSigningSecret(secret)].flatMap((parsed) => parsed ?? []);
  const reference = new Webhook(secret);
  const svix = new SvixWebhook(secret);
  const macKey = createSecretKey(bytes);
  const mac = Buffer.from(v1.slice(3), 'base64');
  const publicKey = createPublicKey({ key: signer.publicKey.export({ format: 'jwk' }), format: 'jwk' });
  const lastFirst = imported.toReversed();
  return {
    v1: [
      [
        'node:crypto HMAC',
        () => timingSafeEqual(createHmac('sha256', macKey).update(`${id}.${timestamp}.`).update(body).digest(), mac),
      ],
      ['ours', () => verifyV1(parseWebhookHeaders(v1Headers), body, secrets)],
      ['standardwebhooks', () => reference.verify(body, v1Headers)],
      ['svix', () => svix.verify(body, v1Headers)],
    ],
    v1a: [
      [
        'node:crypto Ed25519',
        () => verify(null, Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]), publicKey, raw),
      ],
      ['ours, right key first', () => findV1aKey(parseWebhookHeaders(v1aHeaders), body, imported)],
      ['ours, right key third', () => findV1aKey(parseWebhookHeaders(v1aHeaders), body, lastFirst)],
    ],
  };
}

/** Microseconds of CPU a call, and what that is of the first candidate; medians, in the order of the candidates. */
function measure(candidates: readonly Candidate[]): { readonly time: number; readonly ratio: number }[] {
  const times = candidates.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, [, run]] of candidates.entries()) {
      const end = performance.now() + PER_ROUND_MS;
      const start = process.cpuUsage();
      let calls = 0;
      for (; performance.now() < end; calls += 8) for (let i = 0; i < 8; i += 1) run();
      const { user, system } = process.cpuUsage(start);
      times[index]?.push((user + system) / calls);
    }
  }
  const [bare = []] = times;
  return times.map((list) => ({
    time: median(list),
    ratio: median(list.map((time, round) => time / (bare[round] ?? Number.NaN))),
  }));
}

const rows: string[][] = [];
const goals: [string, boolean][] = [];
for (const kib of [1, 16, 64]) {
  const body = Buffer.from(JSON.stringify({ type: 'batch.succeeded', data: { padding: 'x'.repeat(kib * 1024 - 50) } }));
  for (const candidates of Object.values(candidatesOf(body))) {
    const measured = measure(candidates);
    for (const [index, [name]] of candidates.entries()) {
      const { time, ratio } = measured[index] ?? { time: Number.NaN, ratio: Number.NaN };
      const goal = name === 'ours' || name === 'ours, right key first' ? goalOf(kib, name) : undefined;
      rows.push([`${kib} KiB`, name, time.toFixed(1), Math.round(1e6 / time).toString(), ratio.toFixed(2)]);
      if (goal !== undefined)
        goals.push([`${kib} KiB, ${name}: ${ratio.toFixed(2)} of bare, at most ${goal}`, ratio <= goal]);
    }
  }
}
console.log(renderTable(['body', 'verified by', 'CPU microseconds', 'a second', 'of bare'], rows));
console.log();
for (const [goal, isMet] of goals) judge(goal, isMet);
