// Runs a Lambda handler in Node.js: asks the Runtime API for events, calls the handler, and tells what it answered.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import util from 'node:util';

const env = process.env;
const TASK_ROOT = env.LAMBDA_TASK_ROOT.replace(/\/+$/, '');
// Where AWS has the code: what traces of stacks say, so that they are the same everywhere.
const SHOWN_ROOT = '/var/task';
const API = '/2018-06-01/runtime/';
const STREAM = Symbol.for('aws.lambda.runtime.handler.streaming');
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
const ADDRESS = env.AWS_LAMBDA_RUNTIME_API;

// === the connection: one, kept open; it alone keeps no process alive ===

const [host, port] = [ADDRESS.slice(0, ADDRESS.lastIndexOf(':')), ADDRESS.slice(ADDRESS.lastIndexOf(':') + 1)];
const socket = net.connect({ host, port: Number(port), noDelay: true });
let received = Buffer.alloc(0);
const waiting = [];
socket.on('data', (chunk) => {
  received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
  for (;;) {
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [statusLine, ...lines] = received.toString('latin1', 0, end).split('\r\n');
    const headers = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = Number(headers['content-length'] ?? 0);
    const total = end + 4 + length;
    if (received.length < total) return;
    const body = received.subarray(end + 4, total);
    received = received.subarray(total);
    waiting.shift()?.({ status: Number(statusLine.split(' ')[1]), headers, body });
  }
});
// The server is gone: nobody waits for this process any more.
socket.on('error', () => process.exit(0));
socket.on('close', () => process.exit(0));

function head(method, where, headers) {
  let text = `${method} ${API}${where} HTTP/1.1\r\nHost: ${ADDRESS}\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
  return text + '\r\n';
}

const answered = () => new Promise((resolve) => waiting.push(resolve));

function send(where, body, headers = {}) {
  const bytes = Buffer.from(body);
  socket.ref();
  const all = { 'Content-Type': 'application/json', 'Content-Length': bytes.length, ...headers };
  socket.write(Buffer.concat([Buffer.from(head('POST', where, all), 'latin1'), bytes]));
  return answered();
}

// === console: a line a record, with time and request ===

let requestId;
const LEVELS = { TRACE: 10, DEBUG: 20, INFO: 30, WARN: 40, ERROR: 50, FATAL: 60 };
const isJson = env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
const least = LEVELS[env.AWS_LAMBDA_LOG_LEVEL] ?? 0;

function log(level, parts) {
  if (LEVELS[level] < least) return;
  const timestamp = new Date().toISOString();
  if (isJson) {
    const only = parts.length === 1 ? parts[0] : undefined;
    const isObject = only !== null && typeof only === 'object' && !(only instanceof Error);
    const message = isObject ? only : util.format(...parts);
    const line = { timestamp, level, requestId, message };
    const error = parts.find((part) => part instanceof Error);
    if (error) Object.assign(line, { errorType: error.name, errorMessage: error.message, stackTrace: trace(error) });
    try {
      process.stdout.write(`${JSON.stringify(line)}\n`);
    } catch {
      process.stdout.write(`${JSON.stringify({ ...line, message: util.format(...parts) })}\n`);
    }
    return;
  }
  const text = util.format(...parts).replaceAll('\n', '\r');
  process.stdout.write(`${timestamp}\t${requestId}\t${level}\t${text}\n`);
}

for (const [name, level] of [['trace', 'TRACE'], ['debug', 'DEBUG'], ['log', 'INFO'], ['info', 'INFO'],
  ['warn', 'WARN'], ['error', 'ERROR'], ['fatal', 'FATAL']]) {
  console[name] = (...parts) => log(level, parts);
}

// === errors ===

function trace(error) {
  const lines = String(error.stack ?? '').split('\n');
  const here = import.meta.url;
  return lines.filter((line) => !line.includes(here)).map((line) => line.replaceAll(TASK_ROOT, SHOWN_ROOT));
}

function told(error) {
  if (error instanceof Error || (error && typeof error === 'object' && 'message' in error && 'name' in error)) {
    return { errorType: String(error.name), errorMessage: String(error.message), trace: trace(error) };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function fault(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

const errorType = (error) => ({ 'Lambda-Runtime-Function-Error-Type': error.errorType.replace(/[^\x20-\x7e]/g, '?') });

async function failInit(error) {
  const failure = told(error);
  log('ERROR', [isJson ? error : `Uncaught Exception \t${JSON.stringify({ ...failure, stack: failure.trace, trace: undefined })}`]);
  await send('init/error', JSON.stringify(failure), errorType(failure));
  process.exit(1);
}

// === the handler ===

async function load(handler) {
  const name = path.basename(handler);
  const match = /^([^.]*)\.(.*)$/.exec(name);
  if (!match || handler.includes('..')) throw fault('Runtime.MalformedHandlerName', 'Bad handler');
  const base = path.join(TASK_ROOT, path.dirname(handler), match[1]);
  const found = ['', '.js', '.mjs', '.cjs'].map((end) => base + end).find((file) => {
    try {
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  });
  const require = createRequire(path.join(TASK_ROOT, 'index.js'));
  let module;
  try {
    if (found?.endsWith('.mjs') || (found?.endsWith('.js') && isModule(path.dirname(found)))) {
      module = await import(pathToFileURL(found).href);
    } else if (found) {
      module = require(found);
    } else {
      module = require(base);
    }
  } catch (error) {
    if (error instanceof SyntaxError) {
      const syntax = fault('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`);
      syntax.stack = error.stack;
      throw syntax;
    }
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      const text = String(error.message).replaceAll(TASK_ROOT, SHOWN_ROOT);
      const missing = fault('Runtime.ImportModuleError', `Error: ${text}`);
      missing.stack = error.stack;
      throw missing;
    }
    throw error;
  }
  let value = match[2].split('.').reduce((at, key) => at?.[key], module);
  value ??= match[2].split('.').reduce((at, key) => at?.[key], module?.default);
  if (value === undefined || value === null) {
    throw fault('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  }
  if (typeof value !== 'function') throw fault('Runtime.HandlerNotFound', `${handler} is not a function`);
  return value;
}

function isModule(folder) {
  for (let at = folder; at.startsWith(TASK_ROOT); at = path.dirname(at)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(at, 'package.json'), 'utf8')).type === 'module';
    } catch {
      // Not there, or not readable: the folder above says.
    }
  }
  return false;
}

// === streamed answers ===

class ResponseStream extends Writable {
  constructor(id) {
    super({ highWaterMark: 64 * 1024 });
    this.id = id;
    this.type = 'application/octet-stream';
    this.begun = false;
    this.isOver = new Promise((resolve) => (this.over = resolve));
  }

  setContentType(type) {
    this.type = type;
  }

  begin() {
    if (this.begun) return;
    this.begun = true;
    socket.write(head('POST', `invocation/${this.id}/response`, {
      'Content-Type': this.type,
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    }));
    this.done = answered();
  }

  _write(chunk, encoding, callback) {
    this.begin();
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
    if (bytes.length === 0) return callback();
    socket.write(`${bytes.length.toString(16)}\r\n`);
    socket.write(bytes);
    if (socket.write('\r\n')) callback();
    else socket.once('drain', () => callback());
  }

  _final(callback) {
    this.begin();
    socket.write('0\r\n\r\n');
    this.over();
    callback();
  }

  async breakOff(failure) {
    const body = Buffer.from(JSON.stringify(failure)).toString('base64');
    socket.write(`0\r\nLambda-Runtime-Function-Error-Type: ${errorType(failure)['Lambda-Runtime-Function-Error-Type']}\r\n`
      + `Lambda-Runtime-Function-Error-Body: ${body}\r\n\r\n`);
    await this.done;
  }
}

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[STREAM] = options?.highWaterMark ?? true;
    return handler;
  },
  HttpResponseStream: class {
    static from(stream, metadata) {
      stream.setContentType(PRELUDE_TYPE);
      stream.write(JSON.stringify(metadata));
      stream.write(new Uint8Array(8));
      return stream;
    }
  },
};

// === events ===

function contextOf(headers, done) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(headers['lambda-runtime-client-context']),
    identity: parsed(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  };
  context.succeed = (result) => done(null, result, true);
  context.fail = (error) => done(error ?? 'handled', undefined, true);
  context.done = (error, result) => done(error, result, true);
  return context;
}

const parsed = (text) => (text ? JSON.parse(text) : undefined);

/** Answers with the handler's result; fails with its error. */
function called(handler, event, headers) {
  return new Promise((resolve, reject) => {
    let context;
    let isDone = false;
    const done = (error, result, now) => {
      isDone = true;
      const settle = () => (error === undefined || error === null ? resolve(result) : reject(error));
      // Answers by callback wait for what else is going on, unless the handler says otherwise.
      if (now || !context.callbackWaitsForEmptyEventLoop) settle();
      else process.once('beforeExit', settle);
    };
    context = contextOf(headers, done);
    const result = handler(event, context, (error, value) => done(error, value, false));
    if (typeof result?.then === 'function') {
      result.then(resolve, reject);
      // Nothing goes on any more: it will never be settled.
      process.once('beforeExit', () => resolve(null));
    } else if (handler.length < 3 && result !== undefined) resolve(result);
    // Nothing goes on any more and no callback came: the answer is null.
    else process.once('beforeExit', () => isDone || resolve(null));
  });
}

async function streamed(handler, event, headers, id) {
  const stream = new ResponseStream(id);
  socket.ref();
  try {
    const result = handler(event, stream, contextOf(headers, () => {}));
    await result;
    if (!stream.writableEnded && !stream.begun) stream.end();
    await stream.isOver;
    await stream.done;
  } catch (error) {
    const failure = told(error);
    log('ERROR', [isJson ? error : `Invoke Error \t${JSON.stringify({ ...failure, stack: failure.trace, trace: undefined })}`]);
    if (stream.begun) await stream.breakOff(failure);
    else await send(`invocation/${id}/error`, JSON.stringify(failure), errorType(failure));
  }
}

async function answer(handler, event, headers, id) {
  let text;
  try {
    const result = await called(handler, event, headers);
    text = JSON.stringify(result === undefined ? null : result);
    if (text === undefined) throw fault('Runtime.MarshalError', 'Unable to marshal response: not JSON');
  } catch (error) {
    const failure = told(error);
    log('ERROR', [isJson ? error : `Invoke Error \t${JSON.stringify({ ...failure, stack: failure.trace, trace: undefined })}`]);
    send(`invocation/${id}/error`, JSON.stringify(failure), errorType(failure));
    return;
  }
  // The answer and the next question leave together: nobody waits for the first to be acknowledged.
  send(`invocation/${id}/response`, text);
}

for (const [event, name] of [['uncaughtException', 'Uncaught Exception'],
  ['unhandledRejection', 'Unhandled Promise Rejection']]) {
  process.on(event, async (error) => {
    let failure = told(error);
    if (event === 'unhandledRejection') {
      const reason = { ...failure };
      failure = { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: String(error), reason, trace: failure.trace };
    }
    log('ERROR', [isJson ? error : `${name} \t${JSON.stringify({ ...failure, stack: failure.trace, trace: undefined })}`]);
    const where = requestId ? `invocation/${requestId}/error` : 'init/error';
    await send(where, JSON.stringify(failure), errorType(failure));
    process.exit(event === 'unhandledRejection' ? 128 : 129);
  });
}

// === answers to CloudFormation ===

// Where custom resources are answered: on AWS, that is `https` on its own port, which is all that many handlers look at.
const ANSWERS = '/_stepgate/custom-resources/';
let isAnswering = false;

/** Has `https` answer to the address of this server, whatever its scheme and port. */
function answerHere() {
  isAnswering = true;
  const endpoint = new URL(env.AWS_ENDPOINT_URL);
  if (endpoint.protocol !== 'http:') return;
  const require = createRequire(import.meta.url);
  const [http, https] = [require('node:http'), require('node:https')];
  const { request } = https;
  https.request = (options, ...rest) => {
    const named = options?.hostname ?? options?.host;
    if (named !== endpoint.hostname || !options.path?.startsWith(ANSWERS)) return request(options, ...rest);
    return http.request({ ...options, protocol: 'http:', port: endpoint.port, agent: undefined }, ...rest);
  };
  syncBuiltinESMExports();
}

let handler;
try {
  handler = await load(env._HANDLER);
} catch (error) {
  await failInit(error);
}
const following = head('GET', 'invocation/next', {});
for (;;) {
  // While it waits for an event, the process stays; while a handler runs, only the handler's own work counts.
  process.removeAllListeners('beforeExit');
  socket.ref();
  socket.write(following);
  const { status, headers, body } = await answered();
  if (status !== 200) process.exit(1);
  socket.unref();
  requestId = headers['lambda-runtime-aws-request-id'];
  if (headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  else delete env._X_AMZN_TRACE_ID;
  if (!isAnswering && env.AWS_ENDPOINT_URL && body.includes(ANSWERS)) answerHere();
  let event;
  try {
    event = body.length ? JSON.parse(body.toString('utf8')) : {};
  } catch (error) {
    const failure = told(fault('Runtime.UnmarshalError', `Unable to unmarshal input: ${error.message}`));
    send(`invocation/${requestId}/error`, JSON.stringify(failure), errorType(failure));
    continue;
  }
  if (handler[STREAM]) await streamed(handler, event, headers, requestId);
  else await answer(handler, event, headers, requestId);
}
