"""Runs a Lambda handler in Python: asks the Runtime API for events, calls the handler, and tells what it answered.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import decimal
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]
# Where AWS has the code: what traces of stacks say, so that they are the same everywhere.
SHOWN_ROOT = "/var/task"
API = "/2018-06-01/runtime/"


class Connection:
    """One connection to the Runtime API, kept open."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.address = address
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def request(self, method, path, body=b"", headers=()):
        lines = [f"{method} {API}{path} HTTP/1.1", f"Host: {self.address}"]
        if method == "POST":
            lines.append("Content-Type: application/json")
            lines.append(f"Content-Length: {len(body)}")
        lines.extend(f"{name}: {value}" for name, value in headers)
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body

    def send(self, *requests):
        self.socket.sendall(b"".join(requests))

    def receive(self):
        status = self.reader.readline()
        if not status:
            # The server is gone: nobody waits for this process any more.
            os._exit(0)
        headers = {}
        while True:
            line = self.reader.readline().rstrip(b"\r\n")
            if not line:
                break
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = self.reader.read(int(headers.get("content-length", "0")))
        return int(status.split(b" ", 2)[1]), headers, body


class CognitoIdentity:
    """Who called with Amazon Cognito."""

    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]

    def __init__(self, told):
        self.cognito_identity_id = told.get("cognitoIdentityId")
        self.cognito_identity_pool_id = told.get("cognitoIdentityPoolId")

    def __repr__(self):
        return (
            f"CognitoIdentity([cognito_identity_id={self.cognito_identity_id},"
            f"cognito_identity_pool_id={self.cognito_identity_pool_id}])"
        )


class Client:
    """The application that called."""

    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]


class ClientContext:
    """What a mobile client said of itself."""

    __slots__ = ["custom", "env", "client"]

    def __init__(self, told):
        self.client = None
        if "client" in told:
            self.client = Client()
            for name in Client.__slots__:
                setattr(self.client, name, told["client"].get(name))
        self.custom = told.get("custom")
        self.env = told.get("env")


class LambdaContext:
    """What a handler gets beside its event."""

    def __init__(self, headers):
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        client = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(client)) if client else None
        self.identity = CognitoIdentity(json.loads(headers.get("lambda-runtime-cognito-identity") or "{}"))
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(round(time.time() * 1000)), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = ["aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
                 "function_version", "invoked_function_arn", "client_context", "identity"]
        return "LambdaContext([" + ",".join(f"{name}={getattr(self, name)}" for name in names) + "])"


class RequestIdFilter(logging.Filter):
    """Gives log records the id of the invocation."""

    current = None

    def filter(self, record):
        record.aws_request_id = RequestIdFilter.current or ""
        return True


class JsonFormatter(logging.Formatter):
    """Log records in the JSON format."""

    def format(self, record):
        told = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": RequestIdFilter.current,
        }
        if record.exc_info:
            kind, error, trace = record.exc_info
            told["errorType"] = kind.__name__
            told["errorMessage"] = str(error)
            told["stackTrace"] = shown(traceback.extract_tb(trace))
        return json.dumps(told, ensure_ascii=False, default=str)


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(JsonFormatter())
    else:
        formatter = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    handler.addFilter(RequestIdFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL")
    levels = {"TRACE": "NOTSET", "DEBUG": "DEBUG", "INFO": "INFO", "WARN": "WARNING", "ERROR": "ERROR",
              "FATAL": "CRITICAL"}
    if level in levels:
        root.setLevel(levels[level])


def shown(frames):
    prefix = TASK_ROOT.rstrip("/") + "/"
    kept = []
    for frame in frames:
        if frame.filename == __file__ or frame.filename.startswith("<frozen importlib"):
            continue
        name = frame.filename
        if name.startswith(prefix):
            name = SHOWN_ROOT + "/" + name[len(prefix):]
        lines = [f'  File "{name}", line {frame.lineno}, in {frame.name}\n']
        if frame.line:
            lines.append(f"    {frame.line.strip()}\n")
        kept.append("".join(lines))
    return kept


class Fault(Exception):
    """What is wrong with the function itself."""

    def __init__(self, message, kind, trace=()):
        super().__init__(message)
        self.message, self.kind, self.trace = message, kind, list(trace)


def load(handler):
    parts = handler.rsplit(".", 1)
    if len(parts) != 2:
        raise Fault(f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)",
                    "Runtime.MalformedHandlerName")
    module_name, function = parts
    module_name = module_name.replace("/", ".")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(f"Cannot use built-in module {module_name} as a handler module", "Runtime.BuiltInModuleConflict")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise Fault(f"Unable to import module '{module_name}': {error}", "Runtime.ImportModuleError",
                    shown(traceback.extract_tb(error.__traceback__)) if error.name != module_name else ())
    except SyntaxError as error:
        name = (error.filename or "").replace(TASK_ROOT.rstrip("/"), SHOWN_ROOT, 1)
        raise Fault(f"Syntax error in module '{module_name}': {error.msg} ({os.path.basename(name)}, line {error.lineno})",
                    "Runtime.UserCodeSyntaxError",
                    [f'  File "{name}" Line {error.lineno}\n    {(error.text or "").rstrip()}\n'])
    try:
        return getattr(module, function)
    except AttributeError:
        raise Fault(f"Handler '{function}' missing on module '{module_name}'", "Runtime.HandlerNotFound")


def told(message, kind, trace, request_id):
    return {"errorMessage": message, "errorType": kind, "requestId": request_id or "", "stackTrace": list(trace)}


def log_error(error):
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        print(json.dumps({"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "log_level": "ERROR", **error},
                         ensure_ascii=False), flush=True)
        return
    lines = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    if error["stackTrace"]:
        lines += "\nTraceback (most recent call last):\n" + "".join(error["stackTrace"])
    # One record: a carriage return keeps lines together.
    print(lines.rstrip("\n").replace("\n", "\r"), flush=True)


def plain(value):
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {value.__class__.__name__} is not JSON serializable")


def listen_for_debugger():
    """Lets a debugger attach, where `stepgate fn dev --debug-port` asked for that."""
    port = os.environ.get("STEPGATE_DEBUG_PORT")
    if port is None:
        return
    try:
        import debugpy
    except ImportError:
        print("no debugger can attach: neither the package nor this machine has debugpy", file=sys.stderr)
        return
    debugpy.listen(("127.0.0.1", int(port)))


def main():
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.path.insert(0, TASK_ROOT)
    set_up_logging()
    listen_for_debugger()
    api = Connection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except Fault as fault:
        error = told(fault.message, fault.kind, fault.trace, None)
        fail_init(api, error)
    except BaseException as failed:
        if isinstance(failed, SystemExit):
            raise
        trace = shown(traceback.extract_tb(failed.__traceback__))
        fail_init(api, told(str(failed), type(failed).__name__, trace, None))
    following = api.request("GET", "invocation/next")
    api.send(following)
    while True:
        status, headers, body = api.receive()
        if status != 200:
            print(f"the Runtime API answered {status}: {body[:200]!r}", file=sys.stderr)
            sys.exit(1)
        request_id = headers["lambda-runtime-aws-request-id"]
        trace_id = headers.get("lambda-runtime-trace-id")
        if trace_id:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        RequestIdFilter.current = request_id
        answer = invoke(api, handler, headers, body, request_id)
        sys.stdout.flush()
        sys.stderr.flush()
        # The answer and the next question leave together.
        api.send(answer, following)
        api.receive()


def invoke(api, handler, headers, body, request_id):
    error = None
    try:
        event = json.loads(body) if body else {}
    except ValueError as failed:
        error = told(f"Unable to unmarshal input: {failed}", "Runtime.UnmarshalError", (), request_id)
    if error is None:
        try:
            result = handler(event, LambdaContext(headers))
        except Exception as failed:
            trace = traceback.extract_tb(failed.__traceback__)
            error = told(str(failed), type(failed).__name__, shown(trace), request_id)
    if error is None:
        try:
            text = json.dumps(result, ensure_ascii=False, default=plain)
            return api.request("POST", f"invocation/{request_id}/response", text.encode("utf-8", "backslashreplace"))
        except (TypeError, ValueError, RecursionError) as failed:
            error = told(f"Unable to marshal response: {failed}", "Runtime.MarshalError", (), request_id)
    log_error(error)
    headers = [("Lambda-Runtime-Function-Error-Type", error["errorType"])]
    text = json.dumps(error).encode()
    return api.request("POST", f"invocation/{request_id}/error", text, headers)


def fail_init(api, error):
    log_error(error)
    headers = [("Lambda-Runtime-Function-Error-Type", error["errorType"])]
    api.send(api.request("POST", "init/error", json.dumps(error).encode(), headers))
    api.receive()
    sys.exit(1)


if __name__ == "__main__":
    main()
