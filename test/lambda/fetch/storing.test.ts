import { expect, it } from 'vitest';
import { Storing } from '../../../lambda/fetch/storing.ts';
import { TransientError } from '../../../lambda/shared/errors.ts';
import { LIVE, portsOf } from '../../fakes/fetch-ports.ts';

const described = (name: string) => ({ name, contentType: 'text/plain', origin: 'job#' });
const tooLarge = expect.objectContaining({ code: 'ERR_OUTPUT_TOO_LARGE' });

function setUp(maxBytes = 100) {
  const { store } = portsOf({});
  return { store, storing: new Storing({ store, prefix: 'p/', maxBytes, signal: LIVE }) };
}

it('takes as many bytes as may be stored, and not one more, whatever way they come', async () => {
  const { store, storing } = setUp();
  store.objects.set('p/adopted', { body: Buffer.alloc(40), contentType: 'text/plain' });

  await storing.adopt(described('adopted'));
  await storing.open(described('streamed')).write(Buffer.alloc(30));
  await storing.open(described('parts')).writePart(0, async () => 8);
  storing.expect(22);

  expect(() => storing.expect(23)).toThrow(tooLarge);
  await expect(storing.open(described('more')).write(Buffer.alloc(23))).rejects.toEqual(tooLarge);
  await expect(storing.open(described('more')).writePart(0, async () => 23)).rejects.toEqual(tooLarge);
});

it('counts no more what was aborted', async () => {
  const { storing } = setUp();
  const object = storing.open(described('a'));
  await object.write(Buffer.alloc(60));
  await object.writePart(0, async () => 8);

  await object.abort();

  storing.expect(100);
  expect(() => storing.expect(101)).toThrow(tooLarge);
});

it('aborts what is open, once, and nothing that is finished or was aborted', async () => {
  const { store, storing } = setUp();
  const [finished, aborted] = ['finished', 'aborted', 'open'].map((name) => storing.open(described(name)));
  await finished?.finish();
  await aborted?.abort();

  await storing.abort();
  await storing.abort();

  expect(store.aborted).toEqual(['p/aborted', 'p/open']);
});

it('finishes four objects at a time', async () => {
  const { store, storing } = setUp();
  const open = store.open.bind(store);
  const gates: PromiseWithResolvers<void>[] = [];
  store.open = (...call) => {
    const writer = open(...call);
    const gate = Promise.withResolvers<void>();
    const finish = async () => {
      gates.push(gate);
      await gate.promise;
      return await writer.finish();
    };
    return { ...writer, finish };
  };
  const objects = Array.from({ length: 6 }, (_, index) => storing.open(described(String(index))));

  const finishing = objects.map((object) => object.finish());
  await Promise.all(finishing.slice(0, 4));
  expect(gates).toHaveLength(4);
  gates[1]?.resolve();
  await Promise.race(finishing.slice(4));
  expect(gates.length).toBeGreaterThan(4);
  for (let at = 0; at < 6; at += 1) {
    gates[at]?.resolve();
    await new Promise(setImmediate);
  }
  await Promise.all(finishing);
  await storing.settle();

  expect(storing.objects.map(({ key }) => key)).toEqual(['p/0', 'p/1', 'p/2', 'p/3', 'p/4', 'p/5']);
});

it('finishes no other object once one could not be', async () => {
  const { store, storing } = setUp();
  const away = new TransientError('ERR_STORE_UNAVAILABLE', 'away');
  const open = store.open.bind(store);
  store.open = (key, type) => ({ ...open(key, type), ...(key === 'p/a' && { finish: () => Promise.reject(away) }) });
  const [first, second] = ['a', 'b'].map((name) => storing.open(described(name)));
  await first?.finish();
  await new Promise(setImmediate);

  await expect(second?.finish()).rejects.toBe(away);

  await expect(storing.settle()).rejects.toBe(away);
  expect(store.objects.size).toBe(0);
});
