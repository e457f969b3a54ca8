#!/usr/bin/env python3
"""Who may call: signatures are verified, and what is wrong with one is said in AWS's words."""
import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


def refusal(service, operation, **credentials):
    client = boto3.client(service, config=Config(retries={"max_attempts": 0}), **credentials)
    try:
        getattr(client, operation)()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError("the call was let in")


wrong = {"aws_access_key_id": "test", "aws_secret_access_key": "wrong"}
unknown = {"aws_access_key_id": "AKIAUNKNOWN", "aws_secret_access_key": "x"}
assert refusal("stepfunctions", "list_state_machines", **wrong)[0] == "InvalidSignatureException"
assert refusal("apigateway", "get_rest_apis", **wrong) == ("InvalidSignatureException", 403)
assert refusal("iam", "list_roles", **wrong) == ("SignatureDoesNotMatch", 403)
assert refusal("stepfunctions", "list_state_machines", **unknown)[0] == "UnrecognizedClientException"
assert refusal("apigateway", "get_rest_apis", **unknown) == ("UnrecognizedClientException", 403)
assert refusal("iam", "list_roles", **unknown) == ("InvalidClientTokenId", 403)

# Unsigned, and signed by something that is no signature.
for headers, code in (({}, "MissingAuthenticationTokenException"),
                      ({"Authorization": "AWS4-HMAC-SHA256 nonsense"}, "IncompleteSignatureException")):
    target = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Content-Type": "application/x-amz-json-1.0"}
    request = urllib.request.Request(ENDPOINT + "/", b"{}", {**target, **headers}, method="POST")
    try:
        urllib.request.urlopen(request)
        raise AssertionError("the call was let in")
    except urllib.error.HTTPError as error:
        assert json.loads(error.read())["__type"].split("#")[-1] == code

# Any region of the credential scope is a region of its own.
elsewhere = boto3.client("stepfunctions", region_name="eu-central-1")
definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
arn = elsewhere.create_state_machine(name="Elsewhere", definition=definition,
                                     roleArn="arn:aws:iam::123456789012:role/r")["stateMachineArn"]
assert arn == "arn:aws:states:eu-central-1:123456789012:stateMachine:Elsewhere", arn
assert all(m["name"] != "Elsewhere" for m in boto3.client("stepfunctions").list_state_machines()["stateMachines"])
assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
print("signatures are verified")
