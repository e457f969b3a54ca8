"""Counts the instructions of a request on each path of benches/paths, in a server that runs under callgrind.

Counts are the same on every machine, more or less: Valgrind has one processor with one set of features. A change of the
compiler or of a dependency shows as well.
"""

import argparse
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

BODY = (
    b'{"orderId":"0f9b6d2e-5a57-4d6f","customer":{"id":12345678,"name":"Ada"},"items":[{"sku":"SKU-00137","qty":2},'
    b'{"sku":"SKU-00274","qty":1}],"total":123.45}'
)
# How much more than recorded a path may take.
TOLERANCE = 0.05
# Requests before those that are counted: caches are filled, and memory has been allocated.
WARM = 100


def backend():
    """Serves an empty JSON object to every request, until the process ends; returns its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(connection):
        reader = connection.makefile("rb")
        while True:
            length = 0
            line = reader.readline()
            if not line:
                return
            while line not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                line = reader.readline()
            reader.read(length)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")

    def serve():
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return "http://127.0.0.1:%d" % listener.getsockname()[1]


def signed_start(host):
    """The head of a signed StartExecution, and its body. The same signature may be sent again."""
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:BenchPass"
    body = json.dumps({"stateMachineArn": machine, "input": BODY.decode()}).encode()
    now = datetime.datetime.now(datetime.timezone.utc)
    date, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": host,
        "x-amz-date": date,
        "x-amz-target": "AWSStepFunctions.StartExecution",
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/us-east-1/states/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4test"
    for part in [day, "us-east-1", "states", "aws4_request"]:
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers, body


class Client:
    """One connection that is kept open."""

    def __init__(self, host):
        self.host = host
        address, port = host.split(":")
        self.socket = socket.create_connection((address, int(port)), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def send(self, path, headers, body):
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall(f"POST {path} HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        status = self.reader.readline()
        length = 0
        while (line := self.reader.readline()) != b"\r\n":
            if not line:
                sys.exit("the server closed the connection")
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        answer = self.reader.read(length)
        if b" 200 " not in status:
            sys.exit(f"{path} was answered {status!r} {answer!r}")


def paths(host):
    """Each path: its name, how many requests are counted, and what is sent."""
    plain = {"host": host, "content-type": "application/json"}
    keyed = {**plain, "x-api-key": "bench-key-0123456789"}
    headers, body = signed_start(host)
    return [
        ("MOCK", 2000, "/bench/mock", plain, BODY),
        ("MOCK, mapping template", 2000, "/bench/mapped", plain, BODY),
        ("HTTP_PROXY", 1000, "/bench/proxy", plain, BODY),
        ("HTTP_PROXY, API key, rate and quota", 1000, "/bench/keyed", keyed, BODY),
        ("StartExecution through a mapping template", 2000, "/bench/execution", plain, BODY),
        ("StartExecution direct", 2000, "/", headers, body),
    ]


# What the inspector may do while requests are counted: settings, and what `stepgate inspect` is told before.
INSPECTOR = [
    ("off", "", []),
    ("in memory", "", ["record"]),
    ("with bodies", "", ["record", "--bodies"]),
    ("1 of 100 to a file", "[inspector]\nsample_every = 100\n", []),
    ("each to a file", "[inspector]\nsample_every = 1\n", []),
]


class Counter:
    """A server under callgrind."""

    def __init__(self, binary, folder, template, more=""):
        self.folder = folder
        (folder / "paths.yaml").write_text(template)
        settings = '[deploy]\ntutorial = false\ntemplates = ["%s"]\n%s'
        (folder / "stepgate.toml").write_text(settings % (folder / "paths.yaml", more))
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", binary, "serve"]
        command += ["--config", folder / "stepgate.toml", "--data-dir", folder / "data", "--listen", "127.0.0.1:0"]
        with open(folder / "ready", "w") as ready, open(folder / "log", "w") as log:
            self.process = subprocess.Popen([*command, "--json"], stdout=ready, stderr=log)
        for _ in range(1200):
            if (folder / "ready").stat().st_size:
                break
            if self.process.poll() is not None:
                sys.exit((folder / "log").read_text())
            time.sleep(0.1)
        self.host = json.loads((folder / "ready").read_text())["endpoint"].split("//")[1]
        self.dumps = 0

    def take(self):
        """The instructions since the last call."""
        subprocess.run(["callgrind_control", "--dump", str(self.process.pid)], check=True, capture_output=True)
        self.dumps += 1
        out = self.folder / f"out.{self.dumps}"
        for _ in range(600):
            found = re.search(r"^totals: (\d+)", out.read_text(), re.M) if out.exists() else None
            if found:
                return int(found.group(1))
            time.sleep(0.05)
        sys.exit("callgrind wrote no counts")

    def count(self):
        """The instructions of a request on each path."""
        client, counted = Client(self.host), {}
        for name, n, path, headers, body in paths(self.host):
            for _ in range(WARM):
                client.send(path, headers, body)
            self.take()
            for _ in range(n):
                client.send(path, headers, body)
            counted[name] = round(self.take() / n)
        return counted

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def count_inspector(binary, template):
    """Prints what a request costs with the inspector on: instructions, and how many more than off."""
    columns = {}
    for name, settings, told in INSPECTOR:
        with tempfile.TemporaryDirectory() as folder:
            counter = Counter(binary, pathlib.Path(folder), template, settings)
            if told:
                keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
                command = [binary, "inspect", *told, "--endpoint", f"http://{counter.host}"]
                subprocess.run(command, env={**os.environ, **keys}, check=True, capture_output=True)
            columns[name] = counter.count()
            counter.stop()
    off = columns["off"]
    print(f"{'':44}" + "".join(f"{name:>20}" for name in columns))
    for path, count in off.items():
        more = [f"{counted[path] - count:+,}" for name, counted in columns.items() if name != "off"]
        print(f"{path:44}{count:>20,}" + "".join(f"{text:>20}" for text in more))


def machine():
    models = re.findall(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return f"{models[0] if models else os.uname().machine}, {os.cpu_count()} cores"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--template", type=pathlib.Path, required=True)
    arguments.add_argument("--counts", type=pathlib.Path, required=True)
    arguments.add_argument("--update", action="store_true", help="write what was counted")
    arguments.add_argument("--inspector", action="store_true", help="count what the console's inspector costs instead")
    arguments = arguments.parse_args()
    if arguments.inspector:
        return count_inspector(arguments.binary, arguments.template.read_text().replace("BACKEND", backend()))
    recorded = json.loads(arguments.counts.read_text())["instructions"] if arguments.counts.exists() else {}

    with tempfile.TemporaryDirectory() as folder:
        template = arguments.template.read_text().replace("BACKEND", backend())
        counter = Counter(arguments.binary, pathlib.Path(folder), template)
        counted = counter.count()
        counter.stop()

    failed = 0
    for name, count in counted.items():
        before = recorded.get(name)
        change = "" if before is None else f"{count / before - 1:+.1%}"
        too_much = before is not None and before * (1 + TOLERANCE) < count
        failed += too_much
        print(f"{name:44} {count:>9,} {change:>8}{'  TOO MUCH' if too_much else ''}")
    if arguments.update:
        told = {"machine": machine(), "instructions": counted}
        arguments.counts.write_text(json.dumps(told, indent=2) + "\n")
    elif failed:
        print("If this is meant to cost so much, run tests/instructions/run --update and commit counts.json.")
    print(f"{len(counted) - failed} passed, {failed} failed")
    sys.exit(1 if failed and not arguments.update else 0)


main()
