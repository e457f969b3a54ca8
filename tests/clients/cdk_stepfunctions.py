#!/usr/bin/env python3
"""CDK's own mapping templates, verbatim: a StepFunctionsRestApi as the CDK synthesizes it is deployed and called."""

import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent / "cdk"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


def synthesize(into):
    # Outside the sources: what npm installs is not ours.
    work = HERE.parents[2] / "target" / "cdk"
    work.mkdir(parents=True, exist_ok=True)
    for name in ["package.json", "app.mjs"]:
        (work / name).write_bytes((HERE / name).read_bytes())
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run(npm, cwd=work, check=True)
    subprocess.run(["node", "app.mjs", into], cwd=work, check=True)
    return Path(into) / "Orders.template.json"


def call(url, body, headers=()):
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json", **dict(headers)})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)


def main():
    with tempfile.TemporaryDirectory() as out:
        template = synthesize(out)
        apply = [os.environ["STEPGATE_BINARY"], "apply", str(template), "--stack-name", "Orders", "--json"]
        first = json.loads(subprocess.run(apply, check=True, capture_output=True).stdout)
        again = json.loads(subprocess.run(apply, check=True, capture_output=True).stdout)
    actions = {change["action"] for change in again["changes"]}
    assert actions == {"unchanged"}, f"applied again, it changed something: {again}"

    api = first["outputs"]["ApiId"]
    url = f"{ENDPOINT}/restapis/{api}/prod/_user_request_/?limit=3&q=the%20%22it%22"
    status, answer = call(url, '{"order": {"id": 7, "note": "it\'s \\"new\\""}}', [("X-Trace", "a b")])
    assert status == 200, (status, answer)
    assert answer["body"] == {"order": {"id": 7, "note": "it's \"new\""}}, answer
    assert answer["querystring"] == {"limit": "3", "q": "the \"it\""}, answer
    assert answer["header"]["X-Trace"] == "a b", answer
    assert answer["path"] == {}, answer
    context = answer["requestContext"]
    assert context["apiId"] == api and context["stage"] == "prod", answer
    assert context["httpMethod"] == "POST" and context["resourcePath"] == "/", answer
    assert context["sourceIp"] == "127.0.0.1", answer

    status, answer = call(url, '{"fail": true}')
    assert (status, answer) == (500, {"error": "Refused", "cause": "as asked"}), (status, answer)

    # A body that is no JSON makes an input that is none: Step Functions refuses it.
    status, answer = call(url, "{nonsense")
    assert (status, answer) == (400, {"error": "Bad request!"}), (status, answer)


main()
