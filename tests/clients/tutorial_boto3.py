#!/usr/bin/env python3
"""The tutorial by hand, with boto3: both mapping templates, stages that start different machines, workers."""
import json
import os
import threading
import time
import urllib.error
import urllib.request

import boto3
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
iam, sfn, gw = boto3.client("iam"), boto3.client("stepfunctions"), boto3.client("apigateway")
HOME = "us-east-1:123456789012"


def refused(code, call, **params):
    try:
        call(**params)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def post(path, body, content_type="application/json"):
    request = urllib.request.Request(ENDPOINT + path, body.encode(), {"Content-Type": content_type}, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def ended(arn):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        execution = sfn.describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            return execution
    raise AssertionError(f"{arn} did not end")


trust = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": ["apigateway.amazonaws.com", "states.amazonaws.com"]}, "Action": "sts:AssumeRole"}]})
role = iam.create_role(RoleName="Boto3Role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
iam.attach_role_policy(RoleName="Boto3Role", PolicyArn="arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess")

machines = {}
for name in ("Dev", "Test", "Prod"):
    definition = {"StartAt": name, "States": {name: {"Type": "Pass", "Result": f"Hello {name}!", "End": True}}}
    machines[name] = sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)["stateMachineArn"]

api = gw.create_rest_api(name="Boto3API")["id"]
root = gw.get_resources(restApiId=api)["items"][0]["id"]


def resource(part, template):
    """A POST method whose body is mapped by `template`, or passed through without one."""
    on = {"restApiId": api, "resourceId": gw.create_resource(restApiId=api, parentId=root, pathPart=part)["id"], "httpMethod": "POST"}
    gw.put_method(**on, authorizationType="NONE")
    gw.put_integration(**on, type="AWS", integrationHttpMethod="POST", credentials=role,
                       uri="arn:aws:apigateway:us-east-1:states:action/StartExecution",
                       **({"requestTemplates": {"application/json": template}} if template else {}))
    gw.put_method_response(**on, statusCode="200")
    gw.put_integration_response(**on, statusCode="200", selectionPattern="")
    return on


resource("execution", None)
# escapeJavaScript escapes ' as well, which is no JSON; AWS's documentation takes that back like this.
resource("mapped", r'''{"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\'", "'")", "stateMachineArn": "%s"}''' % machines["Dev"])
staged = resource("staged", '{"input": "$util.escapeJavaScript($input.json(\'$\'))", "stateMachineArn": "$stageVariables.get(\'arn\')"}')
# As the tutorial prints it: an unquoted ARN is no VTL, so the call fails, and the test log says why.
broken = resource("broken", '{"input": "{}", "stateMachineArn": "$stageVariables.get(%s)"}' % machines["Dev"])

deployment = gw.create_deployment(restApiId=api)["id"]
for stage, name in (("dev", "Dev"), ("test", "Test"), ("prod", "Prod")):
    gw.create_stage(restApiId=api, stageName=stage, deploymentId=deployment, variables={"arn": machines[name]})

status, answer = post("/dev/mapped", '{"order": {"id": 1, "note": "it\\u0027s \\"quoted\\""}}')
assert status == 200, answer
execution = ended(answer["executionArn"])
assert json.loads(execution["input"]) == {"order": {"id": 1, "note": 'it\'s "quoted"'}}, execution
assert execution["output"] == '"Hello Dev!"', execution

for stage, name in (("dev", "Dev"), ("test", "Test"), ("prod", "Prod")):
    status, answer = post(f"/{stage}/staged", '{"a": 1}')
    assert status == 200 and answer["executionArn"].startswith(f"arn:aws:states:{HOME}:execution:{name}:"), answer
    assert ended(answer["executionArn"])["output"] == f'"Hello {name}!"'

status, answer = post("/dev/broken", "{}")
assert (status, answer) == (500, {"message": "Internal server error"}), (status, answer)
tested = gw.test_invoke_method(**broken, body="{}")
assert tested["status"] == 500, tested
assert "arn:aws:states" in tested["log"] and "--> 1:57" in tested["log"], tested["log"]

# Form data, as curl sends it, passes through; so does what no template fits.
body = json.dumps({"input": "{}", "name": "Form", "stateMachineArn": machines["Dev"]})
status, answer = post("/dev/execution", body, "application/x-www-form-urlencoded")
assert (status, answer["executionArn"]) == (200, f"arn:aws:states:{HOME}:execution:Dev:Form"), answer
ended(answer["executionArn"])
status, answer = post("/dev/execution", body, "application/x-www-form-urlencoded")
assert "ExecutionAlreadyExists" in json.dumps(answer), answer

# A deployment is a snapshot: a change is seen after the next one only.
gw.update_integration(**staged, patchOperations=[
    {"op": "replace", "path": "/requestTemplates/application~1json", "value": "{}"}])
assert post("/dev/staged", "{}")[0] == 200

# What is wrong is said in AWS's words and leaves nothing behind.
message = refused("InvalidDefinition", sfn.create_state_machine, name="Bad", definition="{}", roleArn=role)
assert message == "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'", message
refused("StateMachineDoesNotExist", sfn.describe_state_machine, stateMachineArn=f"arn:aws:states:{HOME}:stateMachine:Bad")
refused("InvalidName", sfn.start_execution, stateMachineArn=machines["Dev"], name="a b")
refused("InvalidExecutionInput", sfn.start_execution, stateMachineArn=machines["Dev"], input="not json")
refused("InvalidArn", sfn.describe_execution, executionArn="not an arn")
refused("NotFoundException", gw.get_resource, restApiId=api, resourceId="nope12")

# An activity worker.
activity = sfn.create_activity(name="Boto3Activity")["activityArn"]
definition = {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": activity, "TimeoutSeconds": 30, "End": True}}}
worked = sfn.create_state_machine(name="Worked", definition=json.dumps(definition), roleArn=role)["stateMachineArn"]


def worker():
    task = boto3.client("stepfunctions").get_activity_task(activityArn=activity, workerName="one")
    sfn.send_task_heartbeat(taskToken=task["taskToken"])
    sfn.send_task_success(taskToken=task["taskToken"], output=json.dumps({"got": json.loads(task["input"])}))


thread = threading.Thread(target=worker)
thread.start()
execution = ended(sfn.start_execution(stateMachineArn=worked, input='{"n": 1}')["executionArn"])
thread.join()
assert execution["status"] == "SUCCEEDED" and json.loads(execution["output"]) == {"got": {"n": 1}}, execution
types = [event["type"] for event in sfn.get_execution_history(executionArn=execution["executionArn"])["events"]]
assert types == ["ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivitySucceeded",
                 "TaskStateExited", "ExecutionSucceeded"], types

pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machines["Dev"], maxResults=1)
assert [e["name"] for page in pages for e in page["executions"]].count("Form") == 1

# Clean up.
gw.delete_rest_api(restApiId=api)
for arn in (*machines.values(), worked):
    sfn.delete_state_machine(stateMachineArn=arn)
sfn.delete_activity(activityArn=activity)
iam.detach_role_policy(RoleName="Boto3Role", PolicyArn="arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess")
iam.delete_role(RoleName="Boto3Role")
print("the tutorial works with boto3", boto3.__version__)
