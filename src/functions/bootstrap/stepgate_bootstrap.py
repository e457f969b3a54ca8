"""Runs a Lambda handler in Python: gets events from the server, calls the handler, and tells what it answered.

What few functions need is imported when it is: an import takes longer than most calls.
"""

import json
import os
import sys
import time

TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]
# Where AWS has the code: what traces of stacks say, so that they are the same everywhere.
SHOWN_ROOT = "/var/task"
IS_JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
READ_BYTES = 64 * 1024

# Of the invocation that goes on.
current_request_id = None


class Line:
    """The socket that the server and this process share; the server's `line.rs` says what goes over it."""

    def __init__(self, fd):
        os.set_inheritable(fd, False)
        self.fd = fd

    def receive(self):
        """The next event: what is said of it, and its bytes."""
        data = self.read(READ_BYTES)
        while len(data) < 8:
            data += self.read(READ_BYTES)
        body = 8 + int.from_bytes(data[:4], "little")
        end = body + int.from_bytes(data[4:8], "little")
        if len(data) < end:
            parts, missing = [data], end - len(data)
            while missing:
                part = self.read(missing)
                parts.append(part)
                missing -= len(part)
            data = b"".join(parts)
        return data[8:body].decode().split("\n"), data[body:end]

    def read(self, most):
        data = os.read(self.fd, most)
        if not data:
            # The server is gone: nobody waits for this process any more.
            os._exit(0)
        return data

    def send(self, kind, body):
        data = kind + len(body).to_bytes(4, "little") + body
        try:
            done = os.write(self.fd, data)
            while done < len(data):
                done += os.write(self.fd, memoryview(data)[done:])
        except OSError:
            os._exit(0)


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

    ALIKE = {
        name: os.environ.get(variable)
        for name, variable in [
            ("log_group_name", "AWS_LAMBDA_LOG_GROUP_NAME"),
            ("log_stream_name", "AWS_LAMBDA_LOG_STREAM_NAME"),
            ("function_name", "AWS_LAMBDA_FUNCTION_NAME"),
            ("function_version", "AWS_LAMBDA_FUNCTION_VERSION"),
            ("memory_limit_in_mb", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        ]
    }

    def __init__(self, request_id, deadline, arn, client, identity):
        self.__dict__.update(self.ALIKE)
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.client_context = ClientContext(json.loads(client)) if client else None
        self.identity = CognitoIdentity(json.loads(identity) if identity else {})
        self._epoch_deadline_time_in_ms = int(deadline)

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(round(time.time() * 1000)), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = ["aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
                 "function_version", "invoked_function_arn", "client_context", "identity"]
        return "LambdaContext([" + ",".join(f"{name}={getattr(self, name)}" for name in names) + "])"


class LoggingFinder:
    """Finds `logging`, and sets it up as soon as it has been imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(LoggingFinder)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path)
        if spec is not None:
            execute = spec.loader.exec_module

            def execute_and_set_up(module):
                execute(module)
                set_up(module)

            spec.loader.exec_module = execute_and_set_up
        return spec


def set_up(logging):
    """Has the root logger write records as AWS does."""

    class RequestIdFilter(logging.Filter):
        """Gives log records the id of the invocation."""

        def filter(self, record):
            record.aws_request_id = current_request_id or ""
            return True

    class JsonFormatter(logging.Formatter):
        """Log records in the JSON format."""

        def format(self, record):
            told = {
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
                "level": record.levelname,
                "message": record.getMessage(),
                "logger": record.name,
                "requestId": current_request_id,
            }
            if record.exc_info:
                kind, error, trace = record.exc_info
                told["errorType"] = kind.__name__
                told["errorMessage"] = str(error)
                told["stackTrace"] = shown(trace)
            return json.dumps(told, ensure_ascii=False, default=str)

    handler = logging.StreamHandler(sys.stdout)
    if IS_JSON:
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


def shown(trace):
    """A stack's trace, without this file's own part."""
    import traceback

    prefix = TASK_ROOT.rstrip("/") + "/"
    kept = []
    for frame in traceback.extract_tb(trace):
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
    from importlib import import_module

    try:
        module = import_module(module_name)
    except ImportError as error:
        raise Fault(f"Unable to import module '{module_name}': {error}", "Runtime.ImportModuleError",
                    shown(error.__traceback__) if error.name != module_name else ())
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
    if IS_JSON:
        print(json.dumps({"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "log_level": "ERROR", **error},
                         ensure_ascii=False), flush=True)
        return
    lines = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    if error["stackTrace"]:
        lines += "\nTraceback (most recent call last):\n" + "".join(error["stackTrace"])
    # One record: a carriage return keeps lines together.
    print(lines.rstrip("\n").replace("\n", "\r"), flush=True)


def plain(value):
    decimal = sys.modules.get("decimal")
    if decimal and isinstance(value, decimal.Decimal):
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


encode = json.JSONEncoder(ensure_ascii=False, default=plain).encode


def main():
    global current_request_id
    line = Line(int(os.environ.pop("STEPGATE_LINE")))
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    if "logging" in sys.modules:
        set_up(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, LoggingFinder)
    listen_for_debugger()
    try:
        handler = load(os.environ["_HANDLER"])
    except Fault as fault:
        fail_init(line, told(fault.message, fault.kind, fault.trace, None))
    except SystemExit:
        raise
    except BaseException as failed:
        fail_init(line, told(str(failed), type(failed).__name__, shown(failed.__traceback__), None))
    environ = os.environ
    line.send(b"N", b"")
    while True:
        (request_id, deadline, arn, trace_id, client, identity), body = line.receive()
        if trace_id:
            environ["_X_AMZN_TRACE_ID"] = trace_id
        else:
            environ.pop("_X_AMZN_TRACE_ID", None)
        current_request_id = request_id
        kind, answer = invoke(handler, body, LambdaContext(request_id, deadline, arn, client, identity))
        sys.stdout.flush()
        sys.stderr.flush()
        line.send(kind, answer)


def invoke(handler, body, context):
    error = None
    request_id = context.aws_request_id
    try:
        event = json.loads(body.decode("utf-8", "surrogatepass")) if body else {}
    except ValueError as failed:
        error = told(f"Unable to unmarshal input: {failed}", "Runtime.UnmarshalError", (), request_id)
    if error is None:
        try:
            result = handler(event, context)
        except Exception as failed:
            error = told(str(failed), type(failed).__name__, shown(failed.__traceback__), request_id)
    if error is None:
        try:
            return b"R", encode(result).encode("utf-8", "backslashreplace")
        except (TypeError, ValueError, RecursionError) as failed:
            error = told(f"Unable to marshal response: {failed}", "Runtime.MarshalError", (), request_id)
    log_error(error)
    return b"E", failure(error)


def failure(error):
    return error["errorType"].encode("utf-8", "replace") + b"\n" + json.dumps(error).encode()


def fail_init(line, error):
    log_error(error)
    line.send(b"I", failure(error))
    sys.exit(1)
