#!/usr/bin/env python3
"""The CDK's own command: bootstraps, deploys an app, finds no difference afterwards, changes it, and destroys it."""

import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import boto3

HERE = Path(__file__).parent / "cdk"
WORK = HERE.parents[2] / "target" / "cdk"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ENVIRONMENT = {**os.environ, "AWS_REGION": "us-east-1", "CDK_DISABLE_VERSION_CHECK": "1", "CI": "true"}


def install():
    # Outside the sources: what npm installs is not ours.
    (WORK / "handler").mkdir(parents=True, exist_ok=True)
    for name in ["package.json", "deploy.mjs", "handler/index.js"]:
        (WORK / name).write_bytes((HERE / name).read_bytes())
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run(npm, cwd=WORK, check=True)


def cdk(*arguments, greeting="hello", expect=0):
    with tempfile.TemporaryDirectory() as out:
        command = ["node_modules/.bin/cdk", "--app", "node deploy.mjs", "--output", out, "--no-notices", "--no-version-reporting", *arguments]
        environment = {**ENVIRONMENT, "GREETING": greeting}
        run = subprocess.run(command, cwd=WORK, env=environment, capture_output=True, text=True)
    said = run.stdout + run.stderr
    assert run.returncode == expect, f"cdk {' '.join(arguments)}: {run.returncode}\n{said}"
    return said


def get(api, path, headers=()):
    request = urllib.request.Request(f"{ENDPOINT}/restapis/{api}/prod/_user_request_{path}", headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)


def outputs(stack):
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    assert described["StackStatus"].endswith("_COMPLETE"), described
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def check(greeting):
    shop = outputs("Shop")
    status, answer = get(shop["ApiId"], "/a/b")
    assert (status, answer) == (200, {"greeting": greeting, "path": "/a/b"}), (status, answer)
    assert get(shop["MeteredApi"], "/")[0] == 403
    status, answer = get(shop["MeteredApi"], "/", {"x-api-key": "cdk-key-0123456789-0123456789"})
    assert (status, answer["greeting"]) == (200, greeting), (status, answer)
    states = boto3.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=shop["MachineArn"])["executionArn"]
    while (run := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        pass
    assert json.loads(run["output"]) == {"greeting": greeting, "path": "/machine"}, run
    api = outputs("Orders")["Url"].split("//")[1].split(".")[0]
    request = urllib.request.Request(f"{ENDPOINT}/restapis/{api}/prod/_user_request_/", b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer) == {"greeting": greeting}
    extras = outputs("Extras")
    assert extras["Greeted"] == f"{greeting}!", extras
    parameter = boto3.client("ssm").get_parameter(Name=extras["ParameterName"])["Parameter"]["Value"]
    assert parameter == f"{greeting}!", parameter


def main():
    install()
    cdk("bootstrap", "aws://123456789012/us-east-1")
    cdk("bootstrap", "aws://123456789012/us-east-1")
    deploy = ["deploy", "--all", "--require-approval", "never"]
    cdk(*deploy)
    check("hello")
    cdk("diff", "--fail")
    assert "(no changes)" in cdk(*deploy)
    said = cdk("diff", "--fail", greeting="welcome", expect=1)
    assert "Custom::Greeting" in said and "AWS::Lambda::Function" in said, said
    cdk(*deploy, greeting="welcome")
    check("welcome")
    # As `cdk watch` does it.
    cdk("deploy", "Shop", "Orders", "--hotswap", greeting="bye")
    shop = outputs("Shop")
    assert get(shop["ApiId"], "/")[1]["greeting"] == "bye"
    machines = boto3.client("stepfunctions")
    orders = [it["stateMachineArn"] for it in machines.list_state_machines()["stateMachines"] if it["type"] == "EXPRESS"]
    assert '"bye"' in machines.describe_state_machine(stateMachineArn=orders[0])["definition"]

    bucket = outputs("Extras")["BucketName"]
    boto3.client("s3").put_object(Bucket=bucket, Key="left", Body=b"x")
    cdk("destroy", "--all", "--force", greeting="welcome")
    left = boto3.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in left] == ["CDKToolkit"], left
    assert bucket not in [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
    develop()
    print("cdk: ok")


def develop():
    """Deploys the app without the CDK's own command, and without a bootstrap stack's help."""
    settings = {"app": "node deploy.mjs", "context": {"aws:cdk:enable-path-metadata": True}}
    (WORK / "cdk.json").write_text(json.dumps(settings))
    try:
        for greeting in ["hello", "hello again"]:
            command = [os.environ["STEPGATE_BINARY"], "dev", str(WORK), "--once", "--json"]
            run = subprocess.run(command, env={**ENVIRONMENT, "GREETING": greeting}, capture_output=True, text=True)
            assert run.returncode == 0, run.stdout + run.stderr
            told = [json.loads(line) for line in run.stdout.splitlines()]
            assert sorted(stack["stack"] for stack in told) == ["Extras", "Orders", "Shop"], told
            check(greeting)
    finally:
        (WORK / "cdk.json").unlink()


main()
