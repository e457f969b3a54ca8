#!/usr/bin/env python3
"""Terraform and its AWS provider apply an API, find nothing to do afterwards, change it, and destroy it."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
import zipfile

import boto3

import terraform_tool

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
HERE = pathlib.Path(__file__).parent


def main():
    binary, plugins = terraform_tool.install()
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(HERE / "terraform" / "main.tf", directory)
        with zipfile.ZipFile(pathlib.Path(directory) / "function.zip", "w") as package:
            package.writestr("app.py", "import os\ndef handler(event, context): return os.environ['GREETING']\n")
        environment = {**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_LOG": "", "TF_VAR_endpoint": ENDPOINT}

        def terraform(*arguments, expect=0):
            command = [str(binary), *arguments, "-no-color"]
            run = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
            assert run.returncode == expect, f"{arguments}: {run.returncode}\n{run.stdout}\n{run.stderr}"
            return run.stdout

        def nothing_to_do(*arguments):
            # 0: no differences, 1: failed, 2: there are some.
            terraform("plan", "-input=false", "-detailed-exitcode", *arguments)

        terraform("init", "-input=false", f"-plugin-dir={plugins}")
        terraform("apply", "-input=false", "-auto-approve")
        nothing_to_do()
        outputs = json.loads(terraform("output", "-json"))
        api, machine = outputs["rest_api_id"]["value"], outputs["state_machine_arn"]["value"]

        def order(body, key="terraform-key-0123456789-0123456789"):
            request = urllib.request.Request(
                f"{ENDPOINT}/restapis/{api}/prod/_user_request_/orders", json.dumps(body).encode(),
                {"Content-Type": "application/json", "x-api-key": key}, method="POST")
            try:
                answer = urllib.request.urlopen(request)
            except urllib.error.HTTPError as error:
                answer = error
            return answer.status, json.loads(answer.read()), answer.headers

        status, body, headers = order({"item": "hat"})
        assert (status, body) == (201, {"started": True}), (status, body)
        states = boto3.client("stepfunctions", region_name="us-east-1", endpoint_url=ENDPOINT)
        functions = boto3.client("lambda", region_name="us-east-1", endpoint_url=ENDPOINT)

        def made(greeting):
            """What the alias leads to, and what the stack has made."""
            answer = functions.invoke(FunctionName="terraform", Qualifier="live")["Payload"].read()
            assert json.loads(answer) == greeting, answer
            activities = [activity["name"] for activity in states.list_activities()["activities"]]
            assert f"stack-{greeting}" in activities and len(activities) == 2, activities

        made("hello")
        execution = states.describe_execution(executionArn=headers["X-Execution"])
        assert execution["stateMachineArn"] == machine and json.loads(execution["input"]) == {"item": "hat"}
        assert order({"size": 1})[0] == 400, "the model is checked"
        assert order({"item": "hat"}, "nobody's")[0] == 403

        gateway = boto3.client("apigateway", region_name="us-east-1", endpoint_url=ENDPOINT)
        first = gateway.get_stage(restApiId=api, stageName="prod")
        changes = ("-var=burst=1", "-var=greeting=goodbye")
        terraform("plan", "-input=false", "-detailed-exitcode", *changes, expect=2)
        terraform("apply", "-input=false", "-auto-approve", *changes)
        nothing_to_do(*changes)
        made("goodbye")
        stage = gateway.get_stage(restApiId=api, stageName="prod")
        assert stage["variables"] == {"greeting": "goodbye"} and stage["deploymentId"] == first["deploymentId"]
        settings = stage["methodSettings"]["*/*"]
        assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (100.0, 50), settings
        plan = next(plan for plan in gateway.get_usage_plans()["items"] if plan["name"] == "terraform-gold")
        assert plan["throttle"] == {"burstLimit": 1, "rateLimit": 5.0}, plan
        statuses = {order({"item": "hat"})[0] for _ in range(20)}
        assert statuses == {201, 429}, statuses

        terraform("destroy", "-input=false", "-auto-approve")
        left = [gateway.get_rest_apis()["items"], gateway.get_usage_plans()["items"], gateway.get_api_keys()["items"],
                gateway.get_client_certificates()["items"], states.list_state_machines()["stateMachines"],
                states.list_activities()["activities"], functions.list_functions()["Functions"], functions.list_layers()["Layers"]]
        assert not any(left), left


main()
