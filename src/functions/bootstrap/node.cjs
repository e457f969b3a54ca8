// Runs a Lambda handler in Node.js: gets events from the server, calls the handler, and tells what it answered.
//
// What few functions need is required when it is.

'use strict';

const fs = require('node:fs');
const { createRequire, syncBuiltinESMExports } = require('node:module');
const path = require('node:path');
const util = require('node:util');

const env = process.env;
const TASK_ROOT = env.LAMBDA_TASK_ROOT.replace(/\/+$/, '');
// Where AWS has the code: what traces of stacks say, so that they are the same everywhere.
const SHOWN_ROOT = '/var/task';
const STREAM = Symbol.for('aws.lambda.runtime.handler.streaming');
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';

// === the line: the socket that the server and this process share; the server's `line.rs` says what goes over it ===

const LINE = Number(env.STEPGATE_LINE);
delete env.STEPGATE_LINE;
const READ_BYTES = 64 * 1024;
let buffer = Buffer.allocUnsafeSlow(READ_BYTES);
let held = 0;

// Without the server, nobody waits for this process any more.
const leave = () => process.exit(0);

/** How many bytes an event has, as far as that is known. */
const wanted = () => (held < 8 ? 8 : 8 + buffer.readUInt32LE(0) + buffer.readUInt32LE(4));

/** Makes room for the rest of an event; false if there is none. */
function isMissing() {
  const total = wanted();
  if (total <= held) return false;
  if (buffer.length < total) {
    const larger = Buffer.allocUnsafeSlow(total);
    buffer.copy(larger, 0, 0, held);
    buffer = larger;
  }
  return true;
}

/** What is said of the event, and its text. */
function taken() {
  const body = 8 + buffer.readUInt32LE(0);
  const head = buffer.toString('utf8', 8, body).split('\n');
  const text = buffer.toString('utf8', body, held);
  if (READ_BYTES < buffer.length) buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  held = 0;
  return { head, text };
}

/** The next event. As on AWS, nothing else happens in the process until there is one. */
function receive() {
  while (isMissing()) {
    const n = fs.readSync(LINE, buffer, held, buffer.length - held, null);
    if (n === 0) leave();
    held += n;
  }
  return taken();
}

/** The same for whom a debugger may ask something meanwhile. */
async function receiveWithDebugger() {
  const read = util.promisify(fs.read);
  while (isMissing()) {
    const { bytesRead } = await read(LINE, buffer, held, buffer.length - held, null);
    if (bytesRead === 0) leave();
    held += bytesRead;
  }
  return taken();
}

/** A message of a kind: what is told, with its length before it. */
function message(kind, told) {
  const isText = typeof told === 'string';
  const length = isText ? Buffer.byteLength(told) : told.length;
  const bytes = Buffer.allocUnsafe(5 + length);
  bytes[0] = kind.charCodeAt(0);
  bytes.writeUInt32LE(length, 1);
  if (isText) bytes.write(told, 5);
  else bytes.set(told, 5);
  return bytes;
}

function writeAll(fd, bytes) {
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(fd, bytes, done);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function send(kind, told) {
  try {
    writeAll(LINE, message(kind, told));
  } catch {
    leave();
  }
}

const failed = (failure) => `${failure.errorType.replace(/[^\x20-\x7e]/g, '?')}\n${JSON.stringify(failure)}`;

// === console: a line a record, with time and request ===

let requestId;
const LEVELS = { TRACE: 10, DEBUG: 20, INFO: 30, WARN: 40, ERROR: 50, FATAL: 60 };
const print = (text) => writeAll(1, Buffer.from(text));
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
      print(`${JSON.stringify(line)}\n`);
    } catch {
      print(`${JSON.stringify({ ...line, message: util.format(...parts) })}\n`);
    }
    return;
  }
  const text = util.format(...parts).replaceAll('\n', '\r');
  print(`${timestamp}\t${requestId}\t${level}\t${text}\n`);
}

for (const [name, level] of [['trace', 'TRACE'], ['debug', 'DEBUG'], ['log', 'INFO'], ['info', 'INFO'],
  ['warn', 'WARN'], ['error', 'ERROR'], ['fatal', 'FATAL']]) {
  console[name] = (...parts) => log(level, parts);
}

// === errors ===

function trace(error) {
  const lines = String(error.stack ?? '').split('\n');
  return lines.filter((line) => !line.includes(__filename)).map((line) => line.replaceAll(TASK_ROOT, SHOWN_ROOT));
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

/** An error as the log has it: as an object, or as text. */
const logged = (name, error, failure) =>
  log('ERROR', [isJson ? error : `${name} \t${JSON.stringify({ ...failure, stack: failure.trace, trace: undefined })}`]);

function failInit(error) {
  const failure = told(error);
  logged('Uncaught Exception', error, failure);
  send('I', failed(failure));
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
  const requireHere = createRequire(path.join(TASK_ROOT, 'index.js'));
  let module;
  try {
    if (found?.endsWith('.mjs') || (found?.endsWith('.js') && isModule(path.dirname(found)))) {
      module = await import(require('node:url').pathToFileURL(found).href);
    } else if (found) {
      module = requireHere(found);
    } else {
      module = requireHere(base);
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

/** A stream into the answer. Only what uses one needs streams. */
function responseStream() {
  const { Writable } = require('node:stream');
  let type = 'application/octet-stream';
  let writing = Promise.resolve();
  const begin = () => {
    if (stream.begun) return;
    stream.begun = true;
    send('S', type);
  };
  // Whoever reads may be slow: the process goes on meanwhile.
  const write = (bytes, callback, done = 0) => fs.write(LINE, bytes, done, (error, n) => {
    if (error) leave();
    if (done + n < bytes.length) write(bytes, callback, done + n);
    else callback();
  });
  const stream = new Writable({
    highWaterMark: 64 * 1024,
    write(bytes, _, callback) {
      begin();
      if (bytes.length === 0) return callback();
      writing = new Promise((resolve) => {
        write(message('D', bytes), () => {
          resolve();
          callback();
        });
      });
    },
    final(callback) {
      begin();
      send('F', '');
      over();
      callback();
    },
  });
  let over;
  stream.begun = false;
  stream.isOver = new Promise((resolve) => (over = resolve));
  stream.setContentType = (to) => (type = to);
  stream.breakOff = async (failure) => {
    if (stream.writableEnded) return stream.isOver;
    // What has been written before comes before.
    await new Promise((resolve) => stream.write(Buffer.alloc(0), resolve));
    await writing;
    send('B', failed(failure));
  };
  return stream;
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

// What waits for the end of all that goes on in the process.
let whenIdle;
process.on('beforeExit', () => {
  const settle = whenIdle;
  whenIdle = undefined;
  settle?.();
});

function contextOf(head, done) {
  const [requestId, deadline, arn, , client, identity] = head;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(client),
    identity: parsed(identity),
    invokedFunctionArn: arn,
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(Number(deadline) - Date.now(), 0),
  };
  context.succeed = (result) => done(null, result, true);
  context.fail = (error) => done(error ?? 'handled', undefined, true);
  context.done = (error, result) => done(error, result, true);
  return context;
}

const parsed = (text) => (text ? JSON.parse(text) : undefined);

/** Answers with the handler's result; fails with its error. */
function called(handler, event, head) {
  return new Promise((resolve, reject) => {
    let context;
    let isDone = false;
    const done = (error, result, now) => {
      isDone = true;
      const settle = () => (error === undefined || error === null ? resolve(result) : reject(error));
      // Answers by callback wait for what else is going on, unless the handler says otherwise.
      if (now || !context.callbackWaitsForEmptyEventLoop) settle();
      else whenIdle = settle;
    };
    context = contextOf(head, done);
    const result = handler(event, context, (error, value) => done(error, value, false));
    if (typeof result?.then === 'function') {
      result.then(resolve, reject);
      // Nothing goes on any more: it will never be settled.
      whenIdle ??= () => resolve(null);
    } else if (handler.length < 3 && result !== undefined) resolve(result);
    // Nothing goes on any more and no callback came: the answer is null.
    else whenIdle ??= () => isDone || resolve(null);
  });
}

async function streamed(handler, event, head) {
  const stream = responseStream();
  current.stream = stream;
  // A stream that nobody ends lasts until the time is up.
  const stays = setInterval(() => {}, 2 ** 30);
  try {
    await handler(event, stream, contextOf(head, () => {}));
    if (!stream.writableEnded && !stream.begun) stream.end();
    await stream.isOver;
  } catch (error) {
    const failure = told(error);
    logged('Invoke Error', error, failure);
    if (stream.begun) await stream.breakOff(failure);
    else send('E', failed(failure));
  }
  clearInterval(stays);
}

async function answer(handler, event, head) {
  let text;
  try {
    const result = await called(handler, event, head);
    text = JSON.stringify(result === undefined ? null : result);
    if (text === undefined) throw fault('Runtime.MarshalError', 'Unable to marshal response: not JSON');
  } catch (error) {
    const failure = told(error);
    logged('Invoke Error', error, failure);
    send('E', failed(failure));
    return;
  }
  send('R', text);
}

// The invocation that goes on, if one does.
let current;
let hasBegun = false;
for (const [event, name] of [['uncaughtException', 'Uncaught Exception'],
  ['unhandledRejection', 'Unhandled Promise Rejection']]) {
  process.on(event, async (error) => {
    let failure = told(error);
    if (event === 'unhandledRejection') {
      const reason = { ...failure };
      failure = { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: String(error), reason, trace: failure.trace };
    }
    logged(name, error, failure);
    if (!hasBegun) send('I', failed(failure));
    else if (current?.stream?.begun) await current.stream.breakOff(failure);
    else if (current) send('E', failed(failure));
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
  const [http, https] = [require('node:http'), require('node:https')];
  const { request } = https;
  https.request = (options, ...rest) => {
    const named = options?.hostname ?? options?.host;
    if (named !== endpoint.hostname || !options.path?.startsWith(ANSWERS)) return request(options, ...rest);
    return http.request({ ...options, protocol: 'http:', port: endpoint.port, agent: undefined }, ...rest);
  };
  syncBuiltinESMExports();
}

async function run() {
  const handler = await load(env._HANDLER).catch(failInit);
  const isDebugged = [env.NODE_OPTIONS, ...process.execArgv].some((option) => option?.includes('--inspect'));
  hasBegun = true;
  send('N', '');
  for (;;) {
    const { head, text } = isDebugged ? await receiveWithDebugger() : receive();
    current = {};
    requestId = head[0];
    if (head[3]) env._X_AMZN_TRACE_ID = head[3];
    else delete env._X_AMZN_TRACE_ID;
    if (!isAnswering && env.AWS_ENDPOINT_URL && text.includes(ANSWERS)) answerHere();
    let event;
    let isEvent = true;
    try {
      event = text ? JSON.parse(text) : {};
    } catch (error) {
      isEvent = false;
      const failure = told(fault('Runtime.UnmarshalError', `Unable to unmarshal input: ${error.message}`));
      send('E', failed(failure));
    }
    if (isEvent) await (handler[STREAM] ? streamed(handler, event, head) : answer(handler, event, head));
    current = undefined;
    whenIdle = undefined;
    // Timers, and whatever else has become due, have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

run();
