#!/usr/bin/env python3
"""Who may call: signatures are verified, and what is wrong with one is said in AWS's words."""
import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
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

# Methods of a deployed API with AWS_IAM, called as botocore signs for execute-api: in the header, and in the query.
method = {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}, "responses": {"200": {"description": "ok"}},
          "x-amazon-apigateway-integration": {
              "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
              "responses": {"default": {"statusCode": "200", "responseTemplates": {
                  "application/json": '{"who": "$context.identity.userArn", "q": "$input.params(\'q\')"}'}}}}}
definition = {"openapi": "3.0.1", "info": {"title": "signed"},
              "paths": {"/pets/{id}": {"get": method, "post": method}}}
apigateway = boto3.client("apigateway")
api = apigateway.import_rest_api(body=json.dumps(definition).encode(), failOnWarnings=True)["id"]
apigateway.create_deployment(restApiId=api, stageName="dev")
STAGE = f"{ENDPOINT}/restapis/{api}/dev/_user_request_"


def invoke(auth, path, data=b"", method="GET", headers={}, region="us-east-1", service="execute-api", after="",
           credentials=Credentials("test", "test")):
    """Status and body, or status and error type, of a request that `auth` signs; `after` is added afterwards."""
    request = AWSRequest(method=method, url=STAGE + path, data=data, headers=dict(headers))
    auth(credentials, service, region).add_auth(request)
    prepared = request.prepare()
    sent = urllib.request.Request(prepared.url + after, data or None, dict(prepared.headers), method=method)
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.headers["x-amzn-ErrorType"]


root = "arn:aws:iam::123456789012:root"
for auth in (SigV4Auth, SigV4QueryAuth):
    assert invoke(auth, "/pets/1?q=a%20b&r=~") == (200, {"who": root, "q": "a b"}), auth
    assert invoke(auth, "/pets/a%20b%2Fc%27(!)*") == (200, {"who": root, "q": ""}), auth
    assert invoke(auth, "/pets/1?q=1", after="0") == (403, "InvalidSignatureException"), auth
    assert invoke(auth, "/pets/1", region="eu-west-1") == (403, "InvalidSignatureException"), auth
    assert invoke(auth, "/pets/1", service="states") == (403, "InvalidSignatureException"), auth
    assert invoke(auth, "/pets/1", credentials=Credentials("AKIAUNKNOWN", "x")) == (403, "UnrecognizedClientException")
json_body = {"content-type": "application/json; charset=UTF-8"}
assert invoke(SigV4Auth, "/pets/1", '{"name": "Müsli"}'.encode(), "POST", json_body)[0] == 200
print("methods with AWS_IAM take what botocore signs")
