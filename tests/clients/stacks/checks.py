"""What five stacks do, whichever tool has made them. Each check takes a stack's outputs, and what it is to greet with."""

import json
import os
import subprocess
import urllib.error
import urllib.request

import boto3

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
KEY = "stacks-key-0123456789-0123456789"
JSON = {"Content-Type": "application/json"}
# Without these, the keys of a machine's owner might be used.
ENVIRONMENT = {**os.environ, "AWS_REGION": "us-east-1", "CI": "true"}


def ask(api, method, path, body=None, headers=()):
    url = f"{ENDPOINT}/restapis/{api}/prod/_user_request_{path}"
    request = urllib.request.Request(url, body, dict(headers), method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def output(execution):
    states = boto3.client("stepfunctions")
    while (run := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        pass
    assert run["status"] == "SUCCEEDED", run
    return json.loads(run["output"])


def start(outputs, greeting):
    """An API starts executions."""
    status, body = ask(outputs["Api"], "POST", "/orders", b'{"name": "ada"}', JSON)
    assert status == 200, body
    assert output(json.loads(body)["executionArn"]) == {"said": f"{greeting} ada"}


def greet(outputs, greeting):
    """An API calls a function."""
    assert ask(outputs["Api"], "GET", "/hello/ada") == (200, f"{greeting} ada")


def callback(outputs, greeting):
    """A machine waits for a function to answer."""
    begun = boto3.client("stepfunctions").start_execution(stateMachineArn=outputs["Machine"], input='{"name": "ada"}')
    assert output(begun["executionArn"]) == {"said": f"{greeting} ada"}


def quick(outputs, greeting):
    """An API answers with what an Express machine has made."""
    status, body = ask(outputs["Api"], "POST", "/quick", b'{"name": "ada"}', JSON)
    assert (status, json.loads(body)) == (200, {"said": f"{greeting} ada"}), body


def plans(outputs, greeting):
    """An API for people who have signed in, with a key and its plan."""
    people = boto3.client("cognito-idp")
    pool = outputs["Pool"]
    if not people.list_users(UserPoolId=pool)["Users"]:
        people.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
        people.admin_set_user_password(UserPoolId=pool, Username="ada", Password="Lovelace-1815!", Permanent=True)
    signed_in = people.initiate_auth(
        ClientId=outputs["Client"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": "Lovelace-1815!"},
    )
    token = signed_in["AuthenticationResult"]["IdToken"]
    assert ask(outputs["Api"], "GET", "/plans")[0] == 401
    assert ask(outputs["Api"], "GET", "/plans", headers={"Authorization": token})[0] == 403
    status, body = ask(outputs["Api"], "GET", "/plans", headers={"Authorization": token, "x-api-key": KEY})
    assert (status, json.loads(body)) == (200, {"said": f"{greeting} ada"}), body


ALL = {"start": start, "greet": greet, "callback": callback, "quick": quick, "plans": plans}


def outputs(stack):
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    assert described["StackStatus"].endswith("_COMPLETE"), described
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def nothing_left():
    """Nothing of the stacks is there any more."""
    left = [stack["StackName"] for stack in boto3.client("cloudformation").describe_stacks()["Stacks"]]
    apis = boto3.client("apigateway").get_rest_apis()["items"]
    machines = boto3.client("stepfunctions").list_state_machines()["stateMachines"]
    functions = boto3.client("lambda").list_functions()["Functions"]
    pools = boto3.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]
    assert [apis, machines, functions, pools] == [[], [], [], []], (apis, machines, functions, pools)
    return left


def run(command, expect=0, is_read=False, **more):
    """Runs a tool, and answers what it said: all of it, or what is for programs to read."""
    environment = {**ENVIRONMENT, **more.pop("environment", {})}
    ended = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, **more)
    said = ended.stdout + ended.stderr
    assert ended.returncode == expect, f"{command}: {ended.returncode}\n{said}"
    return ended.stdout if is_read else said
