/**
 * GET by `node:http`: reading a body by `fetch` takes twice the CPU, which is what limits a fetcher. Redirects are left to the
 * caller, who knows for whom the key is.
 */
import { get as getHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as getHttps } from 'node:https';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Decoded as Content-Encoding says. One that is not wanted has to be destroyed, which gives the connection up. */
  readonly body: Readable;
}

/** Nobody asks for these, but what is stored must not depend on whether the server heeds that. */
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

export async function httpGet(url: URL, options: Pick<RequestOptions, 'headers' | 'signal'>): Promise<HttpAnswer> {
  const message = await open(url, options);
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const decode = DECODERS.get(headers.get('content-encoding')?.toLowerCase() ?? '');
  // Whoever reads it sees what goes wrong; a body that nobody reads may break off.
  const body = decode === undefined ? message : pipeline(message, decode(), () => {});
  return { status: message.statusCode ?? 0, headers, body };
}

function open(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  const request = get(url, options, resolve).on('error', (error) => {
    // The server had closed the connection that was kept. https://nodejs.org/api/http.html#requestreusedsocket
    const isStale = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
    if (isStale) resolve(open(url, options));
    else reject(error);
  });
  return promise;
}
