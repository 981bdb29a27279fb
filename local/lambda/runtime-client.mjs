/**
 * Runs a handler in a process of its own: asks the runtime API for an invocation, calls the handler, answers. The part
 * of Lambda's Node.js runtime that needs no native code.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Beside the bundles: they are compiled once, however many processes run them.
enableCompileCache(join(process.env.LAMBDA_TASK_ROOT ?? '', '..', '.compile-cache'));

const API = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

// The runner holds the other end: when it dies, however it dies, this ends.
process.stdin.on('close', () => process.exit(0)).resume();

/** Linux counts to a process's `maxRSS` what its parent had when it was spawned; VmHWM is its own. */
function peakKib() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}

/** @returns {Promise<{ headers: import('node:http').IncomingHttpHeaders, body: string }>} */
function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'x-local-max-rss-kib': peakKib() };
    const outgoing = request(API + path, { method, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function describe(error) {
  const isError = error instanceof Error;
  return JSON.stringify({
    errorType: isError ? error.name : typeof error,
    errorMessage: isError ? error.message : String(error),
    trace: isError ? (error.stack ?? '').split('\n') : [],
  });
}

async function loadHandler() {
  const [module, name] = (process.env._HANDLER ?? '').split('.');
  const loaded = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT ?? '', `${module}.mjs`)).href);
  if (typeof loaded[name] !== 'function') throw new Error(`${process.env._HANDLER} is not exported`);
  return loaded[name];
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

async function main() {
  let handler;
  try {
    handler = await loadHandler();
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    await call('POST', '/init/error', describe(error));
    process.exit(1);
  }
  for (;;) {
    const { headers, body } = await call('GET', '/invocation/next');
    const id = headers['lambda-runtime-aws-request-id'];
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    try {
      const result = await handler(JSON.parse(body), contextOf(headers));
      await call('POST', `/invocation/${id}/response`, JSON.stringify(result ?? null));
      // Now rather than at the end, because it is killed.
      flushCompileCache();
    } catch (error) {
      process.stderr.write(`${describe(error)}\n`);
      await call('POST', `/invocation/${id}/error`, describe(error));
    }
  }
}

main().catch(() => process.exit(1));
