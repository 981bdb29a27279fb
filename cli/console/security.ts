/**
 * Who may see and change things here. The console listens on loopback, where every web page that is open in the browser,
 * and every user of the machine, can send requests to: so the host must be ours, against DNS rebinding; the origin, too;
 * the key of the URL that the command printed lets in; and changes need a token that only our own pages have.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

export interface Access {
  /** Undefined before it listens. */
  port(): number | undefined;
  /** Opens the console: in the printed URL, then in a cookie. */
  readonly key: string;
  /** Of changes. */
  readonly token: string;
}

export const PAGE_POLICY = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'media-src', 'connect-src', 'frame-src', 'form-action'].map(
    (directive) => `${directive} 'self'`,
  ),
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of what is no page of ours: it may be opened as a document, and then nothing in it runs. */
export const OBJECT_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'";

export const secureHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.header('x-content-type-options', 'nosniff');
  context.header('referrer-policy', 'no-referrer');
  context.header('cross-origin-opener-policy', 'same-origin');
  context.header('cross-origin-resource-policy', 'same-origin');
};

/** @returns 403 before anything is read */
export function ownHostOnly({ port }: Access): MiddlewareHandler {
  return async (context, next) => {
    const hosts = ['127.0.0.1', 'localhost'].map((name) => `${name}:${port()}`);
    const host = context.req.header('host');
    if (host === undefined || !hosts.includes(host)) return context.text('This host is not served here.', 403);
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${host}`) return context.text('Not for this origin.', 403);
    return await next();
  };
}

const cookieOf = ({ port }: Access) => `console-${port()}`;

/** Takes the key out of the URL, where it would be seen, into a cookie that no other site's request carries. */
export function keyOnly(access: Access): MiddlewareHandler {
  return async (context, next) => {
    const url = new URL(context.req.url);
    const given = url.searchParams.get('key');
    if (given !== null && context.req.method === 'GET' && isSame(given, access.key)) {
      setCookie(context, cookieOf(access), access.key, { httpOnly: true, sameSite: 'Strict', path: '/' });
      url.searchParams.delete('key');
      return context.redirect(`${url.pathname}${url.search}`, 303);
    }
    const bearer = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    if (!isSame(bearer ?? getCookie(context, cookieOf(access)) ?? '', access.key)) return refuse(context);
    return await next();
  };
}

function refuse(context: Context): Response {
  return context.text('Open the URL that the command printed: it has the key of this console.', 401);
}

export function mayChange(context: Context, { token }: Access): boolean {
  return isSame(context.req.header('x-console-token') ?? '', token);
}

/** In constant time, whatever their lengths. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
