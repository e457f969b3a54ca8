#!/usr/bin/env python3
"""Makes a data directory that has something in every table, and packs it with what the AWS APIs answer about it.

    make.py STEPGATE NAME.zip

`src/wire/tests/stores.rs` opens every NAME.zip beside this script, asks all of it again and expects the same answers, and
finishes the executions that are open. A directory is made once, by the version whose records it is to keep, and never
again. Needs boto3, `openssl` and the sqlite3 module.
"""
import datetime
import io
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile

import boto3
import botocore.httpsession
from botocore.config import Config

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/run"
STATES = f"arn:aws:states:{REGION}:{ACCOUNT}"
TEMPLATE = {
    "Resources": {
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "DeletionPolicy": "Retain",
                "Properties": {"Name": "of-a-stack", "Enabled": True, "Value": "value-of-a-stack-0123456789"}},
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "of-a-stack"}},
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "StateMachineName": "OfAStack", "RoleArn": ROLE,
            "DefinitionString": json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})}},
    },
    "Outputs": {"ApiId": {"Value": {"Ref": "Api"}, "Export": {"Name": "exported-api"}}},
}

# What has to be known for the API to be deployed; nothing calls it.
SETTINGS = f"""
[deploy]
tutorial = false
templates = ["of-a-stack.json"]
[services.lambda]
endpoint = "http://127.0.0.1:9"
[vpc_links]
link = "http://127.0.0.1:9"
[user_pools."arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_abcdefghi"]
issuer = "http://127.0.0.1:9"
[truststores]
"s3://bucket/trust.pem" = "certificate.pem"
"""

# Tables that are empty at the end, with the reason.
EMPTY = {
    "map_item",  # It takes a Map Run of more items than the journal keeps.
}


class Server:
    def __init__(self, binary, directory):
        self.directory = directory
        (directory / "of-a-stack.json").write_text(json.dumps(TEMPLATE))
        (directory / "stepgate.toml").write_text(SETTINGS)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "36500", "-subj", "/CN=up.example.com", "-keyout", "key.pem", "-out", "certificate.pem"],
                       cwd=directory, check=True, capture_output=True)
        self.process = subprocess.Popen(
            [binary, "serve", "--config", "stepgate.toml", "--data-dir", "data", "--listen", "127.0.0.1:0", "--json"],
            cwd=directory, stdout=subprocess.PIPE, stderr=(directory / "log").open("w"))
        self.facts = json.loads(self.process.stdout.readline())
        self.endpoint = self.facts["endpoint"]

    def client(self, service, **keys):
        keys = keys or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        config = Config(retries={"max_attempts": 0}, read_timeout=90)
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint, config=config, **keys)

    def stop(self):
        self.process.terminate()
        assert self.process.wait() == 0, (self.directory / "log").read_text()


class Recorder:
    """Keeps requests and answers while it records."""

    def __init__(self):
        self.reads, self.on, self.keys = [], False, None
        send = botocore.httpsession.URLLib3Session.send

        def recording(session, request):
            response = send(session, request)
            if self.on:
                self.note(request, response)
            return response
        botocore.httpsession.URLLib3Session.send = recording

    def note(self, request, response):
        path = "/" + request.url.split("://", 1)[1].split("/", 1)[1] if "/" in request.url.split("://", 1)[1] else "/"
        body = request.body or b""
        kept = ("accept", "content-type", "x-amz-target")
        text = lambda value: value.decode() if isinstance(value, bytes) else value
        headers = {name.lower(): text(value) for name, value in request.headers.items() if name.lower() in kept}
        authorization = text(request.headers["Authorization"])
        read = {
            "service": re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", authorization)[1],
            "method": request.method, "path": path, "headers": headers, "body": text(body),
            "status": response.status_code, "answer": response.content.decode(),
        }
        if self.keys:
            read["keys"] = self.keys
        self.reads.append(read)


def machine(definition):
    return json.dumps(definition)


def make_roles(server):
    iam = server.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "states.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole"}]})
    allow = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    policy = iam.create_policy(PolicyName="Everything", Path="/kept/", PolicyDocument=allow, Description="a policy")
    policy = policy["Policy"]["Arn"]
    iam.create_role(RoleName="run", AssumeRolePolicyDocument=trust, Description="a role", MaxSessionDuration=7200,
                    PermissionsBoundary=policy, Tags=[{"Key": "a", "Value": "b"}])
    iam.put_role_policy(RoleName="run", PolicyName="inline", PolicyDocument=allow)
    iam.attach_role_policy(RoleName="run", PolicyArn=policy)
    iam.create_role(RoleName="bare", Path="/kept/", AssumeRolePolicyDocument=trust)
    sts = server.client("sts")
    of_account = sts.get_session_token(DurationSeconds=3600)["Credentials"]
    of_role = sts.assume_role(RoleArn=ROLE, RoleSessionName="kept", Policy=allow)["Credentials"]
    keys = lambda it: dict(zip(("id", "secret", "token"), (it["AccessKeyId"], it["SecretAccessKey"], it["SessionToken"])))
    return policy, [keys(of_account), keys(of_role)]


def make_apis(server):
    """An API with everything that an API can have, and what an account owns besides."""
    gateway = server.client("apigateway")
    patch = lambda path, value, op="replace": [{"op": op, "path": path, "value": value}]
    gateway.update_account(patchOperations=patch("/cloudwatchRoleArn", ROLE))
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]})
    api = gateway.create_rest_api(
        name="all", description="an API", version="v", binaryMediaTypes=["image/png", "application/x-a"],
        minimumCompressionSize=100, apiKeySource="HEADER", policy=policy, tags={"a": "b"},
        endpointConfiguration={"types": ["REGIONAL"], "ipAddressType": "ipv4"})["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    pets = gateway.create_resource(restApiId=api, parentId=root, pathPart="pets")["id"]
    pet = gateway.create_resource(restApiId=api, parentId=pets, pathPart="{id}")["id"]
    rest = gateway.create_resource(restApiId=api, parentId=root, pathPart="{rest+}")["id"]
    schema = json.dumps({"type": "object", "properties": {"name": {"type": "string"}}})
    gateway.create_model(restApiId=api, name="Pet", contentType="application/json", schema=schema, description="a pet")
    validator = gateway.create_request_validator(restApiId=api, name="both", validateRequestBody=True,
                                                 validateRequestParameters=True)["id"]
    function = (f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
                f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f/invocations")
    token = gateway.create_authorizer(
        restApiId=api, name="token", type="TOKEN", authorizerUri=function, authorizerCredentials=ROLE, authType="custom",
        identitySource="method.request.header.Auth", identityValidationExpression="ok.*", authorizerResultTtlInSeconds=17)["id"]
    pool = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_abcdefghi"
    cognito = gateway.create_authorizer(restApiId=api, name="pool", type="COGNITO_USER_POOLS", providerARNs=[pool],
                                        identitySource="method.request.header.Authorization")["id"]
    gateway.create_authorizer(restApiId=api, name="request", type="REQUEST", authorizerUri=function,
                              identitySource="method.request.header.A,context.stage", authorizerResultTtlInSeconds=0)
    # boto3 knows no authorizers of this type.
    signed = server.client("apigateway")
    jwt = {"name": "jwt", "type": "JWT", "identitySource": "method.request.header.Authorization", "jwtConfiguration": {
        "issuers": [{"issuer": "https://issuer.example.com/", "audiences": ["a", "b"], "additionalClaims": [
            {"claimName": "tier", "format": "SINGLE_STRING", "required": True, "expectedValues": ["gold"]}]}],
        "defaultAlgorithms": ["RS256", "ES256"]}}
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    request = AWSRequest("POST", f"{server.endpoint}/restapis/{api}/authorizers", data=json.dumps(jwt),
                         headers={"content-type": "application/json", "accept": "application/json"})
    SigV4Auth(Credentials("test", "test"), "apigateway", REGION).add_auth(request)
    prepared = request.prepare()
    urllib.request.urlopen(urllib.request.Request(prepared.url, prepared.body.encode(), dict(prepared.headers)))

    link = gateway.create_vpc_link(name="link", description="a link", tags={"l": "m"}, targetArns=[
        f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net/l/1"])["id"]

    def method(resource, verb, method=None, integration=None, answer=None, mapped=None):
        of = {"restApiId": api, "resourceId": resource, "httpMethod": verb}
        gateway.put_method(**of, **{"authorizationType": "NONE", **(method or {})})
        gateway.put_integration(**of, **(integration or {
            "type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}))
        gateway.put_method_response(**of, statusCode="200", **(answer or {}))
        if mapped is not None:
            gateway.put_integration_response(**of, statusCode="200", **mapped)
        return of

    mock = method(pets, "GET", {"apiKeyRequired": True, "operationName": "ListPets"}, None,
                  {"responseParameters": {"method.response.header.X": True}, "responseModels": {"application/json": "Pet"}},
                  {"responseTemplates": {"application/json": '["kept"]', "text/plain": ""},
                   "responseParameters": {"method.response.header.X": "'x'"}})
    gateway.put_integration_response(**mock, statusCode="200", selectionPattern="", responseTemplates={
        "application/json": '["kept"]', "text/plain": ""}, responseParameters={"method.response.header.X": "'x'"})
    gateway.put_method_response(**mock, statusCode="404")
    gateway.put_integration_response(**mock, statusCode="404", selectionPattern="4\\d\\d", contentHandling="CONVERT_TO_TEXT")
    method(pets, "POST", {
        "authorizationType": "CUSTOM", "authorizerId": token, "requestValidatorId": validator,
        "requestModels": {"application/json": "Pet"},
        "requestParameters": {"method.request.header.H": True, "method.request.querystring.q": False}},
        {"type": "HTTP", "integrationHttpMethod": "PUT", "uri": "http://127.0.0.1:9/${stageVariables.path}",
         "requestParameters": {"integration.request.header.I": "method.request.header.H"},
         "requestTemplates": {"application/json": "$input.json('$')", "text/plain": ""},
         "passthroughBehavior": "NEVER", "contentHandling": "CONVERT_TO_BINARY", "timeoutInMillis": 1234,
         "cacheNamespace": "ns", "cacheKeyParameters": ["method.request.header.H"], "credentials": ROLE,
         "tlsConfig": {"insecureSkipVerification": True}}, None, {})
    method(pet, "GET", {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": cognito, "authorizationScopes": ["a/b"],
                        "requestParameters": {"method.request.path.id": True}},
           {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://127.0.0.1:9/{id}",
            "connectionType": "VPC_LINK", "connectionId": link,
            "requestParameters": {"integration.request.path.id": "method.request.path.id"}})
    method(pet, "DELETE", {"authorizationType": "AWS_IAM"},
           {"type": "AWS", "integrationHttpMethod": "POST", "uri": f"arn:aws:apigateway:{REGION}:states:action/StartExecution",
            "credentials": ROLE}, None, {})
    method(rest, "ANY", None, {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": function,
                               "responseTransferMode": "BUFFERED"})

    gateway.put_gateway_response(restApiId=api, responseType="THROTTLED", statusCode="430",
                                 responseParameters={"gatewayresponse.header.Y": "'y'"},
                                 responseTemplates={"application/json": '{"m":$context.error.messageString}'})
    gateway.put_gateway_response(restApiId=api, responseType="DEFAULT_5XX", responseTemplates={"text/plain": "oh"})
    gateway.create_documentation_part(restApiId=api, location={"type": "API"}, properties='{"description":"x"}')
    gateway.create_documentation_part(restApiId=api, properties='{"description":"z"}', location={
        "type": "RESPONSE", "path": "/pets", "method": "GET", "statusCode": "200"})
    gateway.create_documentation_version(restApiId=api, documentationVersion="1", description="first")

    certificate = gateway.generate_client_certificate(description="shown", tags={"c": "d"})["clientCertificateId"]
    deployment = gateway.create_deployment(restApiId=api, description="first")["id"]
    # What is served is the snapshot, not the working copy.
    gateway.update_integration_response(**mock, statusCode="200", patchOperations=patch(
        "/responseTemplates/application~1json", '["changed"]'))
    second = gateway.create_deployment(restApiId=api, description="second")["id"]
    gateway.create_stage(
        restApiId=api, stageName="dev", deploymentId=deployment, description="a stage", variables={"path": "v"},
        documentationVersion="1", tracingEnabled=True, tags={"e": "f"}, cacheClusterEnabled=True, cacheClusterSize="0.5",
        canarySettings={"percentTraffic": 0.0, "deploymentId": second, "useStageCache": True,
                        "stageVariableOverrides": {"path": "w"}})
    for path, value in [
        ("/*/*/throttling/rateLimit", "1000.5"), ("/*/*/throttling/burstLimit", "2000"), ("/*/*/metrics/enabled", "true"),
        ("/~1pets/GET/logging/loglevel", "ERROR"), ("/~1pets/GET/logging/dataTrace", "true"),
        ("/~1pets/GET/caching/enabled", "true"), ("/~1pets/GET/caching/ttlInSeconds", "10"),
        ("/~1pets/GET/caching/dataEncrypted", "true"), ("/~1pets/GET/caching/requireAuthorizationForCacheControl", "true"),
        ("/~1pets/GET/caching/unauthorizedCacheControlHeaderStrategy", "FAIL_WITH_403"),
        ("/accessLogSettings/format", "$context.requestId"),
        ("/accessLogSettings/destinationArn", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:access"),
        ("/clientCertificateId", certificate),
    ]:
        gateway.update_stage(restApiId=api, stageName="dev", patchOperations=patch(path, value))
    gateway.create_stage(restApiId=api, stageName="second", deploymentId=second)

    key = gateway.create_api_key(name="k", description="a key", enabled=True, customerId="c", tags={"k": "v"},
                                 value="value-of-a-key-0123456789", stageKeys=[{"restApiId": api, "stageName": "dev"}])
    other = gateway.create_api_key(name="l", enabled=False)
    plan = gateway.create_usage_plan(
        name="p", description="a plan", quota={"limit": 9, "offset": 2, "period": "MONTH"}, tags={"p": "q"},
        throttle={"rateLimit": 0.01, "burstLimit": 5},
        apiStages=[{"apiId": api, "stage": "dev", "throttle": {"/pets/GET": {"rateLimit": 0.001, "burstLimit": 4}}}])["id"]
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=patch("/productCode", "code"))
    empty = gateway.create_usage_plan(name="empty")["id"]
    for made in (key, other):
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=made["id"], keyType="API_KEY")

    private_key, body = ((server.directory / file).read_text() for file in ("key.pem", "certificate.pem"))
    gateway.create_domain_name(domainName="up.example.com", certificateName="uploaded", certificateBody=body,
                               certificatePrivateKey=private_key, endpointConfiguration={"types": ["EDGE"]})
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1"
    gateway.create_domain_name(
        domainName="api.example.com", regionalCertificateArn=arn, regionalCertificateName="regional", tags={"g": "h"},
        securityPolicy="TLS_1_2", endpointConfiguration={"types": ["REGIONAL"]}, ownershipVerificationCertificateArn=arn,
        mutualTlsAuthentication={"truststoreUri": "s3://bucket/trust.pem", "truststoreVersion": "3"})
    gateway.create_base_path_mapping(domainName="api.example.com", restApiId=api, basePath="v1", stage="dev")
    gateway.create_base_path_mapping(domainName="api.example.com", restApiId=api)
    private = gateway.create_domain_name(domainName="inner.example.com", certificateArn=arn, policy=policy,
                                         endpointConfiguration={"types": ["PRIVATE"]})
    gateway.update_domain_name(domainName="inner.example.com", domainNameId=private["domainNameId"],
                               patchOperations=patch("/managementPolicy", policy))
    gateway.create_domain_name_access_association(
        domainNameArn=private["domainNameArn"], accessAssociationSourceType="VPCE", accessAssociationSource="vpce-1",
        tags={"i": "j"})

    # Three are counted; the stage answers from its snapshot.
    for _ in range(3):
        request = urllib.request.Request(f"{server.endpoint}/restapis/{api}/dev/_user_request_/pets",
                                         headers={"x-api-key": key["value"]})
        answer = urllib.request.urlopen(request).read()
        assert answer == b'["kept"]', answer
    gateway.update_usage(usagePlanId=plan, keyId=key["id"], patchOperations=patch("/remaining", "100"))
    return {"api": api, "key": key["id"], "other": other["id"], "plan": plan, "empty": empty, "link": link,
            "certificate": certificate, "private": private["domainNameId"]}


def make_executions(server):
    """Executions of each kind, open and ended, and what the open ones wait for."""
    states = server.client("stepfunctions")
    activity = {name: states.create_activity(name=name, tags=[{"key": "a", "value": name}])["activityArn"]
                for name in ("taken", "waiting", "retried", "items", "branch", "child", "late")}
    logs = {"level": "ALL", "includeExecutionData": True, "destinations": [
        {"cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:machine:*"}}]}

    def create(name, states_of, start="A", **members):
        definition = machine({"StartAt": start, "States": states_of})
        return states.create_state_machine(name=name, definition=definition, roleArn=ROLE, **members)["stateMachineArn"]

    def start(arn, name, input="{}", **members):
        return states.start_execution(stateMachineArn=arn, name=name, input=input, **members)["executionArn"]

    def until(arn, *wanted):
        status = "not there"
        for _ in range(600):
            try:
                status = states.describe_execution(executionArn=arn)["status"]
            except states.exceptions.ExecutionDoesNotExist:
                pass
            if status in wanted:
                return arn
            time.sleep(0.05)
        raise AssertionError(f"{arn} is {status}")

    passes = {"A": {"Type": "Pass", "Result": {"kept": True}, "End": True}}
    ended, opened = [], {}
    plain = create("Plain", passes, loggingConfiguration=logs, tracingConfiguration={"enabled": True},
                   tags=[{"key": "a", "value": "b"}], publish=True, versionDescription="first")
    create("Quick", passes, type="EXPRESS")
    states.update_state_machine(stateMachineArn=plain, publish=True, versionDescription="second", definition=machine(
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"kept": "second"}, "End": True}}}))
    alias = states.create_state_machine_alias(name="live", description="an alias", routingConfiguration=[
        {"stateMachineVersionArn": f"{plain}:1", "weight": 70}, {"stateMachineVersionArn": f"{plain}:2", "weight": 30}])
    alias = alias["stateMachineAliasArn"]
    ended.append(until(start(plain, "succeeded", '{"a": 1}', traceHeader="Root=1-5759e988-bd862e3fe1be46a994272793"), "SUCCEEDED"))
    ended.append(until(start(f"{plain}:1", "of-a-version"), "SUCCEEDED"))
    ended.append(until(start(alias, "of-an-alias"), "SUCCEEDED"))
    fails = create("Fails", {"A": {"Type": "Fail", "Error": "Kept", "Cause": "a cause"}})
    failed = until(start(fails, "failed"), "FAILED")
    states.redrive_execution(executionArn=failed, clientToken="redriven-once")
    ended.append(until(failed, "FAILED"))
    timed = states.create_state_machine(name="Times", roleArn=ROLE, definition=machine({
        "StartAt": "A", "TimeoutSeconds": 1, "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}}))["stateMachineArn"]
    timed = start(timed, "timed-out")

    waits = create("Waits", {"A": {"Type": "Wait", "SecondsPath": "$.s", "Next": "B"},
                             "B": {"Type": "Pass", "Result": "waited", "End": True}})
    aborted = start(waits, "aborted", '{"s": 9999}')
    states.stop_execution(executionArn=aborted, error="Stopped", cause="by hand")
    ended.append(aborted)
    opened[start(waits, "waits", '{"s": 5000}')] = '"waited"'

    def task(name, **members):
        return {"Type": "Task", "Resource": activity[name], **members}

    tasks = create("Tasks", {"A": {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "T", "States": {"T": task("taken", TimeoutSeconds=90000, HeartbeatSeconds=80000, End=True)}},
        {"StartAt": "W", "States": {"W": task("waiting", End=True)}},
        {"StartAt": "S", "States": {"S": {"Type": "Wait", "Seconds": 4000, "Next": "L"}, "L": task("late", End=True)}},
    ]}})
    opened[start(tasks, "tasks", '{"of": "tasks"}')] = '["taken","done","done"]'
    taken = states.get_activity_task(activityArn=activity["taken"], workerName="before")["taskToken"]

    retries = create("Retries", {"A": task("retried", End=True, Retry=[
        {"ErrorEquals": ["Again"], "IntervalSeconds": 6000, "MaxAttempts": 2}], Catch=[
        {"ErrorEquals": ["States.ALL"], "Next": "C"}]), "C": {"Type": "Pass", "Result": "caught", "End": True}})
    retried = start(retries, "retries")
    token = states.get_activity_task(activityArn=activity["retried"])["taskToken"]
    states.send_task_failure(taskToken=token, error="Again", cause="once")
    opened[retried] = '"done"'

    iterates = create("Iterates", {"A": {"Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$.n", "End": True, "ItemProcessor": {
        "StartAt": "I", "States": {"I": task("branch", End=True)}}}})
    opened[start(iterates, "iterates", '{"n": [1, 2, 3]}')] = '["done","done","done"]'

    children = create("Children", {"A": {"Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$.n", "End": True, "Label": "Kept",
        "ToleratedFailurePercentage": 10, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I", "States": {"I": task("items", End=True)}}}})
    opened[start(children, "children", '{"n": [1, 2, 3]}')] = '["done","done","done"]'
    counted = create("Counted", {"A": {"Type": "Map", "ItemsPath": "$.n", "End": True, "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                          "StartAt": "I", "States": {"I": {"Type": "Pass", "Result": 1, "End": True}}}}})
    counted = until(start(counted, "counted", '{"n": [1, 2, 3]}'), "SUCCEEDED")
    ended.append(counted)

    child = create("Child", {"A": task("child", End=True)})
    parent = create("Parent", {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
        "Parameters": {"StateMachineArn": child, "Name": "of-a-parent", "Input": {}}, "OutputPath": "$.Output"}})
    opened[start(parent, "parent")] = '"done"'
    callback = create("Callback", {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken", "End": True,
        "Parameters": {"StateMachineArn": plain, "Name": "called-back", "Input": {"token.$": "$$.Task.Token"}}}})
    opened[start(callback, "callback")] = '"called back"'
    called = until(f"{STATES}:execution:Plain:called-back", "SUCCEEDED")
    ended.append(called)
    called = json.loads(states.describe_execution(executionArn=called)["input"])["token"]

    deleting = create("Deleting", {"A": {"Type": "Wait", "Seconds": 4000, "End": True}})
    opened[start(deleting, "deleting")] = '{}'
    states.delete_state_machine(stateMachineArn=deleting)
    ended.append(until(timed, "TIMED_OUT"))
    return {
        "machines": [plain, fails, waits, tasks, retries, iterates, children, child, parent, callback],
        "alias": alias, "activities": activity, "ended": ended, "open": opened,
        "tokens": [[taken, '"taken"'], [called, '"called back"']],
        "waiting": {activity["waiting"]: 1, activity["retried"]: 1, activity["branch"]: 3, activity["items"]: 3,
                    activity["child"]: 1, activity["late"]: 1},
    }


def make_functions(server):
    """Functions with everything that they can have; what they answer; an event that nobody has handled."""
    functions = server.client("lambda")

    def packed(**files):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            for name, text in files.items():
                packed.writestr(name.replace("__", ".").replace("_of_", "/"), text)
        return archive.getvalue()

    layer = functions.publish_layer_version(
        LayerName="shared", Description="a layer", LicenseInfo="MIT", CompatibleRuntimes=["python3.12"],
        CompatibleArchitectures=["x86_64"], Content={"ZipFile": packed(python_of_shared__py="n = 7\n")})
    functions.add_layer_version_permission(LayerName="shared", VersionNumber=1, StatementId="s", Principal=ACCOUNT,
                                           Action="lambda:GetLayerVersion")
    code = lambda n: {"ZipFile": packed(app__py=(
        f"import os, shared\ndef handler(event, context):\n    print(event)\n"
        f"    return [{n}, shared.n, os.environ['VAR'], context.function_version]\n"))}
    made = {"Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE}
    functions.create_function(
        FunctionName="f", **made, Code=code(1), Description="a function", Timeout=20, MemorySize=256, Publish=True,
        Environment={"Variables": {"VAR": "kept"}}, Layers=[layer["LayerVersionArn"]], Tags={"a": "b"},
        TracingConfig={"Mode": "Active"}, SnapStart={"ApplyOn": "PublishedVersions"}, EphemeralStorage={"Size": 600},
        DeadLetterConfig={"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"}, Architectures=["arm64"],
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "DEBUG", "LogGroup": "g"})
    functions.update_function_code(FunctionName="f", **code(2), Publish=True)
    functions.update_function_code(FunctionName="f", **code(3))
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1", Description="an alias",
                           RoutingConfig={"AdditionalVersionWeights": {"2": 0.0}})
    functions.add_permission(FunctionName="f", StatementId="api", Action="lambda:InvokeFunction",
                             Principal="apigateway.amazonaws.com", SourceAccount=ACCOUNT,
                             SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:a/*")
    for of in ({}, {"Qualifier": "live"}):
        functions.add_permission(FunctionName="f", **of, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*",
                                 FunctionUrlAuthType="NONE")
        functions.add_permission(FunctionName="f", **of, StatementId="via", Action="lambda:InvokeFunction", Principal="*",
                                 InvokedViaFunctionUrl=True)
    url = functions.create_function_url_config(
        FunctionName="f", Qualifier="live", AuthType="NONE", InvokeMode="BUFFERED", Cors={
            "AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"], "ExposeHeaders": ["x-b"],
            "AllowCredentials": True, "MaxAge": 60})["FunctionUrl"]
    functions.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    functions.put_function_event_invoke_config(FunctionName="f", Qualifier="live", MaximumRetryAttempts=1,
                                               DestinationConfig={"OnSuccess": {"Destination": f"{STATES}:stateMachine:Plain"}})
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=7)
    functions.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    functions.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="FunctionUpdate")

    # Nothing of it ever becomes ready, so that what is there of it is the same every time.
    functions.create_function(FunctionName="warm", Runtime="provided.al2023", Handler="any", Role=ROLE, Publish=True,
                              Code={"ZipFile": packed(bootstrap="none")})
    functions.put_provisioned_concurrency_config(FunctionName="warm", Qualifier="1", ProvisionedConcurrentExecutions=1)

    # The event waits for a place until it is too old, which `f` is told.
    functions.create_function(FunctionName="queued", **made, Code=code(4))
    functions.put_function_event_invoke_config(
        FunctionName="queued", MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}})
    functions.put_function_concurrency(FunctionName="queued", ReservedConcurrentExecutions=0)
    queued = functions.invoke(FunctionName="queued", InvocationType="Event", Payload=b'{"event": "kept"}')
    answers = {name: json.loads(functions.invoke(FunctionName=name)["Payload"].read())
               for name in ("f", "f:1", "f:2", "f:live")}
    assert answers["f:live"] == [1, 7, "kept", "1"], answers
    return {"answers": answers, "url": url, "event": queued["ResponseMetadata"]["RequestId"]}


def read_functions(server):
    functions = server.client("lambda")
    functions.list_functions(FunctionVersion="ALL")
    for of in ({}, {"Qualifier": "1"}, {"Qualifier": "2"}, {"Qualifier": "live"}):
        functions.get_function(FunctionName="f", **of)
    functions.list_versions_by_function(FunctionName="f")
    functions.list_aliases(FunctionName="f")
    functions.list_function_url_configs(FunctionName="f")
    functions.list_function_event_invoke_configs(FunctionName="f")
    functions.list_function_event_invoke_configs(FunctionName="queued")
    for of in ({}, {"Qualifier": "live"}):
        functions.get_policy(FunctionName="f", **of)
    functions.list_tags(Resource=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f")
    functions.get_function_concurrency(FunctionName="f")
    functions.get_function_recursion_config(FunctionName="f")
    functions.get_runtime_management_config(FunctionName="f")
    functions.list_provisioned_concurrency_configs(FunctionName="warm")
    functions.list_layers()
    functions.get_layer_version(LayerName="shared", VersionNumber=1)
    functions.get_layer_version_policy(LayerName="shared", VersionNumber=1)


def read_all(server, recorder, apis, executions, policy, sessions):
    """Asks for all of it."""
    recorder.on = True
    gateway, states, iam = (server.client(name) for name in ("apigateway", "stepfunctions", "iam"))
    gateway.get_account()
    gateway.get_rest_apis()
    api = {"restApiId": apis["api"]}
    gateway.get_rest_api(**api)
    gateway.get_resources(**api, embed=["methods"])
    for list_of in (gateway.get_models, gateway.get_request_validators, gateway.get_authorizers,
                    gateway.get_gateway_responses, gateway.get_documentation_parts, gateway.get_documentation_versions,
                    gateway.get_deployments, gateway.get_stages):
        list_of(**api)
    for deployment in gateway.get_deployments(**api)["items"]:
        gateway.get_deployment(**api, deploymentId=deployment["id"], embed=["apisummary"])
    for stage in ("dev", "second"):
        gateway.get_export(**api, stageName=stage, exportType="oas30", accepts="application/json",
                           parameters={"extensions": "integrations,authorizers,apigateway,documentation"})
    gateway.get_api_keys(includeValues=True)
    gateway.get_api_key(apiKey=apis["key"], includeValue=True)
    gateway.get_usage_plans()
    for plan in (apis["plan"], apis["empty"]):
        gateway.get_usage_plan_keys(usagePlanId=plan)
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    usage = gateway.get_usage(usagePlanId=apis["plan"], startDate=today, endDate=today)["items"]
    # Which day it was is part of what was used.
    assert usage[apis["key"]][0][0] == 3, usage
    gateway.get_client_certificates()
    gateway.get_vpc_links()
    gateway.get_domain_names()
    gateway.get_domain_name(domainName="inner.example.com", domainNameId=apis["private"])
    gateway.get_base_path_mappings(domainName="api.example.com")
    gateway.get_domain_name_access_associations()

    states.list_state_machines()
    for arn in executions["machines"]:
        states.describe_state_machine(stateMachineArn=arn)
        states.list_state_machine_versions(stateMachineArn=arn)
        states.list_state_machine_aliases(stateMachineArn=arn)
        states.list_executions(stateMachineArn=arn)
        states.list_tags_for_resource(resourceArn=arn)
    states.describe_state_machine(stateMachineArn=executions["machines"][0] + ":1")
    states.describe_state_machine_alias(stateMachineAliasArn=executions["alias"])
    states.list_executions(stateMachineArn=executions["alias"])
    states.list_activities()
    for arn in executions["activities"].values():
        states.describe_activity(activityArn=arn)
        states.list_tags_for_resource(resourceArn=arn)
    for arn in [*executions["ended"], *executions["open"]]:
        states.describe_execution(executionArn=arn)
        states.get_execution_history(executionArn=arn, maxResults=1000)
        states.describe_state_machine_for_execution(executionArn=arn)
        runs = states.list_map_runs(executionArn=arn)["mapRuns"] if "Chil" in arn or "Counted" in arn else []
        for run in runs:
            states.describe_map_run(mapRunArn=run["mapRunArn"])
            states.list_executions(mapRunArn=run["mapRunArn"])

    iam.list_roles()
    for role in ("run", "bare"):
        iam.get_role(RoleName=role)
        iam.list_role_policies(RoleName=role)
        iam.list_attached_role_policies(RoleName=role)
        iam.list_role_tags(RoleName=role)
    iam.get_role_policy(RoleName="run", PolicyName="inline")
    iam.get_policy(PolicyArn=policy)
    for keys in sessions:
        recorder.keys = keys
        server.client("sts", aws_access_key_id=keys["id"], aws_secret_access_key=keys["secret"],
                      aws_session_token=keys["token"]).get_caller_identity()
    recorder.keys = None
    read_functions(server)
    recorder.on = False


def tables_without_rows(database):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    names = [name for name, in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    return {name for name in names if connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] == 0}


def main():
    binary, target = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    directory = pathlib.Path(tempfile.mkdtemp())
    server = Server(str(binary), directory)
    try:
        recorder = Recorder()
        policy, sessions = make_roles(server)
        apis = make_apis(server)
        executions = make_executions(server)
        functions = make_functions(server)
        read_all(server, recorder, apis, executions, policy, sessions)
        now = int(time.time() * 1000)
    finally:
        server.stop()
    empty = tables_without_rows(directory / "data" / "stepgate.db")
    assert empty == EMPTY, f"tables without rows: {sorted(empty)}"
    # A template that is applied again has nothing to change, if what it made is found.
    found = {
        "made": now,
        "stack": server.facts["stacks"][0]["outputs"],
        "api": apis["api"],
        "functions": functions,
        "reads": recorder.reads,
        **{name: executions[name] for name in ("open", "tokens", "waiting")},
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("found.json", json.dumps(found, indent=1))
        for file in ("data/stepgate.db", "data/stepgate.marks", "data/secrets.key", "stepgate.toml", "of-a-stack.json",
                     "certificate.pem"):
            archive.write(directory / file, pathlib.Path(file).name)
    shutil.rmtree(directory)
    print(f"{target}: {target.stat().st_size} bytes, {len(recorder.reads)} answers")


main()
