#!/usr/bin/env python3
"""Roles are assumed, and who acts under one may do what its policies allow: on the AWS APIs and on methods with AWS_IAM."""
import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ACCOUNT = "123456789012"
iam, sts, apigateway = boto3.client("iam"), boto3.client("sts"), boto3.client("apigateway")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def error_of(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("the call was let in")


trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
role = iam.create_role(RoleName="Caller", AssumeRolePolicyDocument=trust, MaxSessionDuration=7200)["Role"]["Arn"]
iam.create_role(RoleName="Machine", AssumeRolePolicyDocument=document(
    {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}))
machine = f"arn:aws:iam::{ACCOUNT}:role/Machine"
assert error_of(sts.assume_role, RoleArn=machine, RoleSessionName="me") == (
    "AccessDenied", f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: sts:AssumeRole on resource: {machine}")
assert error_of(sts.assume_role, RoleArn=role, RoleSessionName="me", DurationSeconds=7201)[0] == "ValidationError"

method = {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}, "responses": {"200": {"description": "ok"}},
          "x-amazon-apigateway-integration": {
              "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
              "responses": {"default": {"statusCode": "200", "responseTemplates": {
                  "application/json": '{"who": "$context.identity.userArn", "user": "$context.identity.user",'
                                      ' "key": "$context.identity.accessKey"}'}}}}}
listing = {**method, "x-amazon-apigateway-integration": {
    "type": "aws", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:states:action/ListActivities",
    "credentials": "arn:aws:iam::*:user/*", "responses": {"default": {"statusCode": "200"}}}}
definition = {"openapi": "3.0.1", "info": {"title": "signed"},
              "paths": {"/pets/{id}": {"get": method, "post": method}, "/activities": {"post": listing}}}
api = apigateway.import_rest_api(body=json.dumps(definition).encode(), failOnWarnings=True)["id"]
apigateway.create_deployment(restApiId=api, stageName="dev")
ARN = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api}/dev"


def invoke(session, path, method="GET", auth=SigV4Auth, data=b""):
    """Status and body, or error type and message."""
    url = f"{ENDPOINT}/restapis/{api}/dev/_user_request_{path}"
    headers = {"content-type": "application/json"} if data else {}
    request = AWSRequest(method=method, url=url, data=data, headers=headers)
    auth(session.get_credentials(), "execute-api", "us-east-1").add_auth(request)
    prepared = request.prepare()
    sent = urllib.request.Request(prepared.url, data or None, dict(prepared.headers), method=method)
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        body = json.loads(error.read())
        return error.headers["x-amzn-ErrorType"], body.get("Message", body.get("message", ""))


def session_of(answer):
    keys = answer["Credentials"]
    assert keys["AccessKeyId"].startswith("ASIA") and len(keys["AccessKeyId"]) == 20, keys
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def put(*statements):
    iam.put_role_policy(RoleName="Caller", PolicyName="p", PolicyDocument=document(*statements))


assumed = sts.assume_role(RoleArn=role, RoleSessionName="me")
me = f"arn:aws:sts::{ACCOUNT}:assumed-role/Caller/me"
assert assumed["AssumedRoleUser"]["Arn"] == me, assumed
session = session_of(assumed)
assert session.client("sts").get_caller_identity()["Arn"] == me

# A role without policies may nothing, and what it may follows its policies.
denied = f"User: {me} is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********9012:{api}/dev/GET/pets/1"
assert invoke(session, "/pets/1") == ("AccessDeniedException", denied), invoke(session, "/pets/1")
put(allow("execute-api:Invoke", f"{ARN}/GET/pets/*"))
key = session.get_credentials().access_key
who = {"who": me, "user": assumed["AssumedRoleUser"]["AssumedRoleId"], "key": key}
for auth in (SigV4Auth, SigV4QueryAuth):
    assert invoke(session, "/pets/1", auth=auth) == (200, who), auth
assert invoke(session, "/pets/1", "POST")[0] == "AccessDeniedException"
put(allow("execute-api:Invoke"), {"Effect": "Deny", "Action": "execute-api:*", "Resource": f"{ARN}/GET/pets/1"})
assert invoke(session, "/pets/1") == ("AccessDeniedException", denied + " with an explicit deny")
assert invoke(session, "/pets/2")[0] == 200
iam.delete_role_policy(RoleName="Caller", PolicyName="p")
assert invoke(session, "/pets/2")[0] == "AccessDeniedException"
iam.attach_role_policy(RoleName="Caller", PolicyArn="arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess")
assert invoke(session, "/pets/2")[0] == 200

# A session's own policy takes away from that.
narrow = session_of(sts.assume_role(RoleArn=role, RoleSessionName="me", DurationSeconds=900,
                                    Policy=document(allow("execute-api:Invoke", f"{ARN}/GET/pets/3"))))
assert invoke(narrow, "/pets/3")[0] == 200 and invoke(narrow, "/pets/2")[0] == "AccessDeniedException"

# Keys without their token, or with another's, are nobody's.
stolen = boto3.Session(key, session.get_credentials().secret_key)
assert invoke(stolen, "/pets/2") == ("UnrecognizedClientException", "The security token included in the request is invalid.")
mixed = boto3.Session(key, session.get_credentials().secret_key, narrow.get_credentials().token)
assert invoke(mixed, "/pets/2")[0] == "UnrecognizedClientException"
print("methods with AWS_IAM let in whom roles allow")

# The AWS APIs ask the same policies, and a service that is called as the caller asks them too.
states = session.client("stepfunctions")
code, message = error_of(states.list_activities)
assert code == "AccessDeniedException" and message == (
    f"User: {me} is not authorized to perform: states:ListActivities on resource: * because no identity-based policy "
    "allows the states:ListActivities action"), message
assert error_of(session.client("apigateway").get_rest_apis)[0] == "AccessDeniedException"
assert error_of(session.client("iam").delete_role, RoleName="Machine")[0] == "AccessDenied"
assert error_of(session.client("sts").get_session_token)[0] == "AccessDenied"
status, body = invoke(session, "/activities", "POST", data=b"{}")
assert status == 200 and body["__type"].endswith("AccessDeniedException"), body
iam.attach_role_policy(RoleName="Caller", PolicyArn="arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess")
assert states.list_activities()["activities"] == []
assert invoke(session, "/activities", "POST", data=b"{}") == (200, {"activities": []})
assert error_of(session.client("apigateway").get_rest_apis)[0] == "AccessDeniedException"
put(allow("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis"))
assert [it["id"] for it in session.client("apigateway").get_rest_apis()["items"]] == [api]
assert error_of(session.client("apigateway").get_rest_api, restApiId=api)[0] == "AccessDeniedException"

# The account's own session is the account.
root = session_of(sts.get_session_token())
assert invoke(root, "/pets/1")[1]["who"] == f"arn:aws:iam::{ACCOUNT}:root"
assert root.client("stepfunctions").list_activities()["activities"] == []
print("the AWS APIs let roles do what their policies allow")
