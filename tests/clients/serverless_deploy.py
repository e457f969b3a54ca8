#!/usr/bin/env python3
"""The Serverless Framework with three unmodified plugins: deploys a service, calls it, changes it, and removes it."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import boto3

HERE = Path(__file__).parent / "serverless"
WORK = HERE.parents[2] / "target" / "serverless"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ENVIRONMENT = {
    **os.environ,
    "AWS_REGION": "us-east-1",
    "CI": "true",
    "SLS_TELEMETRY_DISABLED": "1",
    "SLS_NOTIFICATIONS_MODE": "off",
    "NODE_NO_WARNINGS": "1",
}


def install():
    # Outside the sources: what npm installs is not ours.
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ["package.json", "serverless.yml", "handler.py"]:
        (WORK / name).write_bytes((HERE / name).read_bytes())
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run(npm, cwd=WORK, check=True)


def sls(*arguments, greeting="hello"):
    command = ["node_modules/.bin/serverless", *arguments]
    environment = {**ENVIRONMENT, "GREETING": greeting}
    run = subprocess.run(command, cwd=WORK, env=environment, capture_output=True, text=True)
    said = run.stdout + run.stderr
    assert run.returncode == 0, f"serverless {' '.join(arguments)}: {run.returncode}\n{said}"
    return said


def ask(api, method, path, body=None, headers=()):
    request = urllib.request.Request(f"{ENDPOINT}/restapis/{api}/dev/_user_request_{path}", body, dict(headers), method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def outputs():
    described = boto3.client("cloudformation").describe_stacks(StackName="greetings-dev")["Stacks"][0]
    assert described["StackStatus"].endswith("_COMPLETE"), described
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def check(greeting):
    made = outputs()
    api = made["ServiceEndpoint"].split("//")[1].split(".")[0]
    assert ask(api, "GET", "/hello/you") == (200, f"{greeting} you")
    assert ask(api, "OPTIONS", "/hello/you")[0] == 200
    assert ask(api, "GET", "/keyed/you")[0] == 403
    assert ask(api, "GET", "/keyed/you", headers={"x-api-key": "serverless-key-0123456789"}) == (200, f"{greeting} you")
    assert ask(api, "GET", "/guarded/you")[0] == 401
    assert ask(api, "GET", "/guarded/you", headers={"Authorization": "no"})[0] == 403
    assert ask(api, "GET", "/guarded/you", headers={"Authorization": "please"}) == (200, f"{greeting} you")

    json_body = {"Content-Type": "application/json"}
    status, body = ask(api, "POST", "/greet", b'{"name": "me"}', json_body)
    assert status == 200, body
    states = boto3.client("stepfunctions")
    execution = json.loads(body)["executionArn"]
    while (run := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        pass
    assert json.loads(run["output"]) == {"said": f"{greeting} me"}, run
    status, body = ask(api, "POST", "/quick", b'{"name": "me"}', json_body)
    assert (status, json.loads(body)) == (200, {"said": f"{greeting} me"}), body

    boto3.client("s3").put_object(Bucket=made["Letters"], Key="first", Body=greeting.encode(), ContentType="text/plain")
    assert ask(api, "GET", "/letters/first") == (200, greeting)
    return made


def main():
    install()
    said = sls("deploy", "--verbose")
    assert "Service deployed to stack greetings-dev" in said, said
    made = check("hello")
    said = sls("info")
    api = made["ServiceEndpoint"].split("//")[1].split(".")[0]
    assert "greetings-key" in said and f"/restapis/{api}/dev/_user_request_" in said, said
    said = sls("invoke", "--function", "hello", "--data", '{"name": "you"}')
    assert '"said": "hello you"' in said, said
    said = sls("invoke", "stepf", "--name", "greet", "--data", '{"name": "you"}')
    assert "hello you" in said, said
    said = sls("logs", "--function", "hello")
    assert "END Duration" in said, said
    sls("deploy", greeting="welcome")
    check("welcome")
    sls("deploy", "function", "--function", "hello", "--update-config", greeting="bye")
    said = sls("invoke", "--function", "hello", "--data", '{"name": "you"}')
    assert '"said": "bye you"' in said, said

    # A bucket that isn't empty stays, as on AWS.
    boto3.client("s3").delete_object(Bucket=made["Letters"], Key="first")
    sls("remove")
    left = boto3.client("cloudformation").describe_stacks()["Stacks"]
    assert left == [], left
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert boto3.client("apigateway").get_rest_apis()["items"] == []
    develop()
    print("serverless: ok")


def develop():
    """Deploys the service without the framework's own command for it."""
    for greeting in ["hello", "hello again"]:
        command = [os.environ["STEPGATE_BINARY"], "dev", str(WORK), "--once", "--json"]
        environment = {**ENVIRONMENT, "GREETING": greeting}
        run = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
        assert json.loads(run.stdout)["stack"] == "greetings-dev", run.stdout
        check(greeting)


main()
