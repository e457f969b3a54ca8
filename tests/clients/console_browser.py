#!/usr/bin/env python3
"""The console in headless Chromium: each way through its pages, what a user may write anywhere, long histories and large
definitions. Needs Chromium (Debian's package), Node.js and npm. Pictures of the pages are left in target/console/pictures."""
import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3

sys.path.insert(0, str(Path(__file__).resolve().parent / "console"))
import provider

HERE = Path(__file__).resolve().parent / "console"
WORK = HERE.parents[2] / "target" / "console"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ROLE = "arn:aws:iam::123456789012:role/Console"

WORK.mkdir(parents=True, exist_ok=True)
manifest = (HERE / "package.json").read_text()
want = hashlib.sha256(manifest.encode()).hexdigest()
if not (WORK / ".installed").exists() or (WORK / ".installed").read_text() != want:
    (WORK / "package.json").write_text(manifest)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=WORK, check=True)
    (WORK / ".installed").write_text(want)
for script in HERE.glob("*.mjs"):
    (WORK / script.name).write_text(script.read_text())

states = boto3.client("stepfunctions")


def machine(name, definition):
    return states.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps(definition))["stateMachineArn"]


def start(arn, name, document, wait=True):
    execution = states.start_execution(stateMachineArn=arn, name=name, input=json.dumps(document))["executionArn"]
    for _ in range(2400 if wait else 0):
        if states.describe_execution(executionArn=execution)["status"] != "RUNNING":
            break
        time.sleep(0.05)
    return execution


# --- an order as people have them: a choice, branches, a map, a call that fails at first, an error that is caught
def level(first, **members):
    return {"StartAt": first, "States": members}


DESCRIBE = "arn:aws:states:::aws-sdk:sfn:describeExecution"
ORDER = level(
    "Check order",
    **{
        "Check order": {"Type": "Choice", "Default": "Reject", "Choices": [
            {"Variable": "$.total", "NumericGreaterThan": 0, "Next": "Prepare"}]},
        "Prepare": {"Type": "Parallel", "Next": "Pack items", "ResultPath": "$.prepared", "Branches": [
            level("Reserve stock", **{"Reserve stock": {"Type": "Pass", "Result": {"reserved": True}, "End": True}}),
            level("Look up customer", **{
                "Look up customer": {"Type": "Task", "Resource": DESCRIBE, "Parameters": {"ExecutionArn.$": "$.customer"},
                                     "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
                                     "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Use guest account"}], "End": True},
                "Use guest account": {"Type": "Pass", "Result": {"guest": True}, "End": True}})]},
        "Pack items": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ResultPath": "$.packed", "Next": "Cool down",
                       "ItemProcessor": level("Weigh", Weigh={"Type": "Pass", "Next": "Wrap"}, Wrap={"Type": "Pass", "End": True})},
        "Cool down": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Ship"},
        "Ship": {"Type": "Pass", "Result": {"tracking": "ST-1042"}, "ResultPath": "$.shipment", "Next": "Done",
                 "Assign": {"carrier": "Overland"}},
        "Reject": {"Type": "Fail", "Error": "OrderRejected", "Cause": "The order has no total."},
        "Done": {"Type": "Succeed"},
    })
document = {"total": 99.5, "customer": "arn:aws:states:us-east-1:123456789012:execution:Nobody:1", "wait": 4,
            "items": [{"sku": "A-1"}, {"sku": "B-2"}, {"sku": "C-3"}]}
order = machine("OrderFulfilment", ORDER)
done = start(order, "order-1001", document, wait=False)
failed = start(order, "order-1002", {"total": 0})
waiting = start(order, "order-1003", {**document, "wait": 3600}, wait=False)
for at in range(60):
    start(order, f"bulk-{at:03}", {"total": 0}, wait=False)

version = states.publish_state_machine_version(stateMachineArn=order)["stateMachineVersionArn"]
alias = states.create_state_machine_alias(
    name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}])["stateMachineAliasArn"]
start(alias, "by-alias", {"total": 0}, wait=False)
# Twelve items, of which one fails.
each = {"Type": "Map", "End": True, "ToleratedFailureCount": 1, "ItemProcessor": {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **level("Odd?", **{
        "Odd?": {"Type": "Choice", "Default": "Fine", "Choices": [{"Variable": "$", "NumericEquals": 7, "Next": "Odd"}]},
        "Fine": {"Type": "Succeed"}, "Odd": {"Type": "Fail", "Error": "Odd"}})}}
map_run = start(machine("TwelveItems", level("Each", Each=each)), "twelve", list(range(12)))

# --- what users may write, written to run if it can: vectors as they are known, behind what may end the text around them, in
# different spellings
KNOWN = json.loads((HERE / "payloads.json").read_text())
ENDS = ["", '">', "'>", "-->", "</script>", "</textarea>", "</style>", "]]>", "</svg>", "</pre>"]
VECTORS = [
    "<script>ran=1</script>", "<img src=x onerror=ran=1>", "<svg onload=ran=1>", "<iframe src=javascript:parent.ran=1>",
    "<a href=javascript:ran=1 autofocus>", "<input onfocus=ran=1 autofocus>", "<body onpageshow=ran=1>", "<video src=x onerror=ran=1>",
    "<audio src=x onerror=ran=1>", "<details open ontoggle=ran=1>", "<select onfocus=ran=1 autofocus>", "<style onload=ran=1></style>",
    "<link rel=stylesheet href=x onerror=ran=1>", "<object data=x onerror=ran=1>", "<embed src=javascript:ran=1>",
    "<marquee onstart=ran=1>", "<svg><animate onbegin=ran=1 attributeName=x>", "<form><button formaction=javascript:ran=1>",
    "<math href=javascript:ran=1>x", "<base href=javascript:ran=1//>"]
SPELLINGS = [
    lambda text: text, lambda text: text.replace(" ", "/", 1), lambda text: re.sub(r"<(\w+)", lambda it: it[0].title(), text),
    lambda text: text.replace("ran", "&#114;an"), lambda text: text.replace("<", "%3C").replace(">", "%3E")]
PAYLOADS = list(dict.fromkeys(KNOWN + [spell(end + vector) for end in ENDS for vector in VECTORS for spell in SPELLINGS]))[:1000]
assert len(PAYLOADS) == 1000


def hostile(name, payloads):
    """An execution of a machine whose states are named as that says, and have it in all that can be written."""
    names = [f"{at} {text}"[:80] for at, text in enumerate(payloads)]
    named = {name: {"Type": "Pass", "Comment": text, "Result": {text: [text]}, "Next": following}
             for name, text, following in zip(names, payloads, names[1:])}
    named[names[-1]] = {"Type": "Fail", "Error": payloads[-1][:256], "Cause": payloads[-1]}
    return start(machine(name, level(names[0], **named)), "hostile", {"</textarea><script>window.ran=1</script>": payloads})


written = [hostile("Hostile", KNOWN), hostile("HostileToo", PAYLOADS[:500]), hostile("HostileAsWell", PAYLOADS[500:])]

# --- a definition of 500 states, and a history of 25,000 events
many = {f"Step {at}": {"Type": "Pass", "Next": f"Step {at + 1}"} for at in range(498)}
for at in range(0, 498, 7):
    many[f"Step {at}"] = {"Type": "Choice", "Default": f"Step {at + 1}", "Choices": [
        {"Variable": "$.skip", "NumericEquals": at, "Next": f"Step {min(at + 5, 498)}"}]}
many["Step 498"] = {"Type": "Pass", "Next": "Step 499"}
many["Step 499"] = {"Type": "Succeed"}
large = start(machine("FiveHundredStates", level("Step 0", **many)), "large", {"skip": -1})
# Four events an item.
mapped = level("Each", Each={"Type": "Map", "End": True, "ItemProcessor": level("Work", Work={"Type": "Pass", "End": True})})
long = start(machine("LongHistory", mapped), "long", list(range(6_240)))
for _ in range(200):
    if states.describe_execution(executionArn=done)["status"] == "SUCCEEDED":
        break
    time.sleep(0.1)
assert states.describe_execution(executionArn=done)["status"] == "SUCCEEDED"

# --- an API with a mapping template, deployed twice, and a plan with a key that has called it
gateway = boto3.client("apigateway")


def mock(template, **more):
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
        "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": template}}}}, **more}


def starts(arn):
    """An integration that starts an execution."""
    template = json.dumps({"stateMachineArn": arn, "input": "INPUT"}).replace("INPUT", "$util.escapeJavaScript($input.json('$'))")
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
        "type": "aws", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:states:action/StartExecution", "credentials": ROLE,
        "requestTemplates": {"application/json": template}, "responses": {"default": {"statusCode": "200"}}}}


HOSTILE = "<img src=x onerror=window.ran=1>"
keyed = {"security": [{"key": []}]}
openapi = {
    "openapi": "3.0.1", "info": {"title": "Orders", "description": HOSTILE},
    "paths": {"/orders": {"get": mock('{"orders": [], "q": "$input.params(\'q\')"}', **keyed), "post": mock(HOSTILE)},
              "/hostile": {"post": mock("\n".join(PAYLOADS).replace("${", "$ {"))},
              "/start": {"post": starts(order)},
              "/orders/{id}": {"get": mock('{"id": "$input.params(\'id\')"}'), "delete": mock("{}")}},
    "components": {"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}}}
api = gateway.import_rest_api(body=json.dumps(openapi).encode())["id"]
gateway.create_deployment(restApiId=api, stageName="dev", description="the first", variables={"table": "orders"})
gateway.create_deployment(restApiId=api, stageName="dev", description=HOSTILE)
gateway.create_deployment(restApiId=api, stageName="prod", description="the third")
plan = gateway.create_usage_plan(name="Partners", throttle={"rateLimit": 50, "burstLimit": 100}, quota={"limit": 1000, "period": "DAY"},
                                 apiStages=[{"apiId": api, "stage": "dev"}])["id"]
key = gateway.create_api_key(name=HOSTILE, enabled=True)
gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
for _ in range(7):
    call = urllib.request.Request(f"{ENDPOINT}/restapis/{api}/dev/_user_request_/orders", headers={"x-api-key": key["value"]})
    assert urllib.request.urlopen(call).status == 200

# Two hundred and fifty more keys, four of them in each name.
table = io.StringIO()
csv.writer(table).writerows([["name", "key"]] + [[" ".join(PAYLOADS[at:at + 4]), f"hostile-key-{at:020}"] for at in range(0, 1000, 4)])
assert len(gateway.import_api_keys(body=table.getvalue().encode(), format="csv")["ids"]) == 250

given = {"mapRun": map_run, "payloads": PAYLOADS, "api": api, "plan": plan, "keyValue": key["value"], "endpoint": ENDPOINT, "order": order, "done": done, "failed": failed, "waiting": waiting, "hostile": written,
         "large": large, "long": long, "input": json.dumps(document)}
# Its port is that of console_browser.toml.
provider.start(47113)
drive = subprocess.run(["node", "ways.mjs"], cwd=WORK, input=json.dumps(given), capture_output=True, text=True, timeout=600)
print(drive.stdout, end="")
assert drive.returncode == 0, drive.stderr
