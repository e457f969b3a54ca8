#!/usr/bin/env python3
"""Lambda with boto3: every operation that there is, waiters, pages, and functions in Python, Node.js and Rust that run."""
import base64
import io
import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
client = boto3.client("lambda", config=Config(retries={"max_attempts": 0}, read_timeout=60))
ROLE = "arn:aws:iam::123456789012:role/functions"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def zipped(**files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name.replace("__", "."))
            entry.external_attr, entry.compress_type = 0o755 << 16, zipfile.ZIP_DEFLATED
            packed.writestr(entry, text)
    return archive.getvalue()


def refused(code, call, **members):
    try:
        call(**members)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def invoke(name, event=None, **members):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **members)
    return answer, json.loads(answer["Payload"].read() or "null")


def value(name, event=None, **members):
    answer, payload = invoke(name, event, **members)
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer, payload
    return payload


PYTHON = """
import os
def handler(event, context):
    if isinstance(event, dict) and "fail" in event:
        raise ValueError(event["fail"])
    client = context.client_context
    return {"event": event, "version": context.function_version, "arn": context.invoked_function_arn,
            "custom": client and client.custom, "variable": os.environ.get("VAR"), "trace": os.environ["_X_AMZN_TRACE_ID"][:7]}
"""
NODE = "exports.handler = async (event, context) => ({ node: event, version: context.functionVersion });"
STREAM = """exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let n = 0; n < event.n; n++) stream.write(`${n},`);
  if (event.fail) throw new TypeError('half way');
  stream.end();
});"""


def functions():
    made = client.create_function(
        FunctionName="f", Runtime="python3.12", Handler="app.handler", Role=ROLE, Code={"ZipFile": zipped(app__py=PYTHON)},
        Description="first", Timeout=20, MemorySize=256, Environment={"Variables": {"VAR": "1"}}, Tags={"a": "b"},
        TracingConfig={"Mode": "Active"}, SnapStart={"ApplyOn": "PublishedVersions"}, Architectures=["x86_64"],
        LoggingConfig={"LogFormat": "Text"}, EphemeralStorage={"Size": 600})
    assert made["FunctionArn"] == ARN + "f" and made["Version"] == "$LATEST", made
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    client.get_waiter("function_exists").wait(FunctionName="f")
    told = value("f", {"a": "é"})
    assert told["event"] == {"a": "é"} and told["variable"] == "1" and told["trace"] == "Root=1-", told
    context = base64.b64encode(json.dumps({"custom": {"x": 1}, "client": {}}).encode()).decode()
    assert value("f", {}, ClientContext=context)["custom"] == {"x": 1}
    refused("InvalidParameterValueException", client.invoke, FunctionName="f", ClientContext="no base64!")

    answer, error = invoke("f", {"fail": "why"}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled" and answer["ExecutedVersion"] == "$LATEST", answer
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "why"), error
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "START RequestId: " in log and "[ERROR] ValueError: why" in log and "Max Memory Used: " in log, log
    assert invoke("f", {}, InvocationType="Event")[0]["StatusCode"] == 202
    assert invoke("f", {}, InvocationType="DryRun")[0]["StatusCode"] == 204
    refused("ResourceNotFoundException", client.invoke, FunctionName="none")
    refused("InvalidRequestContentException", client.invoke, FunctionName="f", Payload="{")
    refused("RequestTooLargeException", client.invoke, FunctionName="f", Payload=b'"' + b"x" * (6 << 20) + b'"')

    got = client.get_function(FunctionName="f")
    assert got["Tags"] == {"a": "b"} and got["Configuration"]["EphemeralStorage"] == {"Size": 600}, got
    shown = client.get_function_configuration(FunctionName="f")
    assert (shown["TracingConfig"], shown["SnapStart"]["ApplyOn"]) == ({"Mode": "Active"}, "PublishedVersions"), shown
    assert (shown["State"], shown["LastUpdateStatus"]) == ("Active", "Successful"), shown
    changed = client.update_function_configuration(FunctionName="f", Environment={"Variables": {"VAR": "2"}}, Timeout=21)
    assert changed["Timeout"] == 21 and changed["RevisionId"] != shown["RevisionId"], changed
    client.get_waiter("function_updated_v2").wait(FunctionName="f")
    assert value("f")["variable"] == "2"
    refused("PreconditionFailedException", client.update_function_configuration, FunctionName="f", RevisionId="other")
    updated = client.update_function_code(FunctionName="f", ZipFile=zipped(app__py=PYTHON + "\n"), DryRun=True)
    assert updated["CodeSha256"] != shown["CodeSha256"]
    assert client.get_function_configuration(FunctionName="f")["CodeSha256"] == shown["CodeSha256"]
    client.update_function_code(FunctionName="f", ZipFile=zipped(app__py=PYTHON + "\n"), RevisionId=changed["RevisionId"])

    refused("ResourceConflictException", client.create_function, FunctionName="f", Runtime="python3.12",
            Handler="app.handler", Role=ROLE, Code={"ZipFile": zipped(app__py=PYTHON)})
    for code, members in (
            (b"no zip", {}), (zipped(**{"../x": "x"}), {}), (zipped(zeros="0" * (251 << 20)), {}),
            (zipped(app__py=PYTHON), {"Runtime": "ruby3.3"}), (zipped(app__py=PYTHON), {"PackageType": "Image"}),
            (zipped(app__py=PYTHON), {"CodeSigningConfigArn": "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"}),
            (zipped(app__py=PYTHON), {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}})):
        refused("InvalidParameterValueException", client.create_function, **{
            "FunctionName": "bad", "Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE,
            "Code": {"ZipFile": code}, **members})

    client.create_function(FunctionName="g", Runtime="nodejs20.x", Handler="index.handler", Role=ROLE,
                           Code={"ZipFile": zipped(index__js=NODE)}, Publish=True)
    assert value("g", [1]) == {"node": [1], "version": "$LATEST"}
    assert value("g:1", [1]) == {"node": [1], "version": "1"}
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(__file__).parent / "bootstrap.rs", Path(folder) / "bootstrap"
        subprocess.run(["rustc", "-O", "-o", program, source], check=True)
        client.create_function(FunctionName="h", Runtime="provided.al2023", Handler="any", Role=ROLE,
                               Code={"ZipFile": zipped(bootstrap=program.read_bytes())})
    assert value("h", {"b": [2]}) == {"rust": {"b": [2]}}
    assert value("h", "again") == {"rust": "again"}

    names = [f["FunctionName"] for page in client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
             for f in page["Functions"]]
    assert names == ["f", "g", "h"], names
    all_of_them = client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [f["Version"] for f in all_of_them] == ["$LATEST", "$LATEST", "1", "$LATEST"], all_of_them


def streams():
    client.create_function(FunctionName="s", Runtime="nodejs20.x", Handler="index.handler", Role=ROLE,
                           Code={"ZipFile": zipped(index__js=STREAM)})
    def stream(**event):
        answer = client.invoke_with_response_stream(FunctionName="s", Payload=json.dumps(event), LogType="Tail")
        events = list(answer["EventStream"])
        data = b"".join(event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event)
        return data, events[-1]["InvokeComplete"]
    data, complete = stream(n=3)
    assert data == b"0,1,2," and "ErrorCode" not in complete, (data, complete)
    data, complete = stream(n=2, fail=True)
    assert data == b"0,1," and complete["ErrorCode"] == "TypeError", (data, complete)
    # Invoke waits for all of it.
    answer = client.invoke(FunctionName="s", Payload=b'{"n": 2}')
    assert answer["Payload"].read() == b"0,1,"


def versions_and_aliases():
    first = client.publish_version(FunctionName="f", Description="one")
    client.get_waiter("published_version_active").wait(FunctionName="f", Qualifier="1")
    assert (first["Version"], first["FunctionArn"]) == ("1", ARN + "f:1"), first
    assert client.publish_version(FunctionName="f", Description="again")["Version"] == "1", "nothing has changed"
    client.update_function_code(FunctionName="f", ZipFile=zipped(app__py=PYTHON + "\n\n"), Publish=True)
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName="f", PaginationConfig={"PageSize": 1})
    assert [v["Version"] for page in pages for v in page["Versions"]] == ["$LATEST", "1", "2"]
    refused("InvalidParameterValueException", client.publish_version, FunctionName="f", CodeSha256="other")

    alias = client.create_alias(FunctionName="f", Name="live", FunctionVersion="1", Description="d")
    assert alias["AliasArn"] == ARN + "f:live", alias
    assert value("f:live")["version"] == "1" and value("f", Qualifier="live")["arn"] == ARN + "f:live"
    client.create_alias(FunctionName="f", Name="next", FunctionVersion="2")
    pages = client.get_paginator("list_aliases").paginate(FunctionName="f", PaginationConfig={"PageSize": 1})
    assert [a["Name"] for page in pages for a in page["Aliases"]] == ["live", "next"]
    assert [a["Name"] for a in client.list_aliases(FunctionName="f", FunctionVersion="2")["Aliases"]] == ["next"]
    changed = client.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert changed["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}, changed
    assert client.get_alias(FunctionName="f", Name="live")["RevisionId"] == changed["RevisionId"]
    seen = {invoke("f:live")[0]["ExecutedVersion"] for _ in range(60)}
    assert seen == {"1", "2"}, seen
    refused("ResourceConflictException", client.delete_function, FunctionName="f", Qualifier="2")
    client.delete_alias(FunctionName="f", Name="next")
    refused("ResourceNotFoundException", client.get_alias, FunctionName="f", Name="next")
    client.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})


def permissions():
    statement = client.add_permission(
        FunctionName="f", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn="arn:aws:execute-api:us-east-1:123456789012:abc/*", SourceAccount="123456789012")["Statement"]
    assert json.loads(statement)["Sid"] == "api", statement
    client.add_permission(FunctionName="f", Qualifier="live", StatementId="s", Action="lambda:InvokeFunction", Principal="*")
    policy = client.get_policy(FunctionName="f")
    assert [s["Sid"] for s in json.loads(policy["Policy"])["Statement"]] == ["api"], policy
    assert json.loads(client.get_policy(FunctionName="f", Qualifier="live")["Policy"])["Statement"][0]["Resource"] == ARN + "f:live"
    refused("ResourceConflictException", client.add_permission, FunctionName="f", StatementId="api",
            Action="lambda:InvokeFunction", Principal="*")
    refused("PreconditionFailedException", client.remove_permission, FunctionName="f", StatementId="api", RevisionId="x")
    client.remove_permission(FunctionName="f", StatementId="api", RevisionId=policy["RevisionId"])
    refused("ResourceNotFoundException", client.get_policy, FunctionName="f")


def concurrency():
    before = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    assert client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3)["ReservedConcurrentExecutions"] == 3
    assert client.get_function_concurrency(FunctionName="f")["ReservedConcurrentExecutions"] == 3
    settings = client.get_account_settings()
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == before - 3, settings
    assert settings["AccountUsage"]["FunctionCount"] == 4, settings
    assert client.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert refused("TooManyRequestsException", client.invoke, FunctionName="f") == "Rate Exceeded."
    client.delete_function_concurrency(FunctionName="f")
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="f")

    put = client.put_provisioned_concurrency_config(FunctionName="f", Qualifier="live", ProvisionedConcurrentExecutions=2)
    assert put["RequestedProvisionedConcurrentExecutions"] == 2, put
    client.put_provisioned_concurrency_config(FunctionName="f", Qualifier="2", ProvisionedConcurrentExecutions=1)
    deadline = time.monotonic() + 30
    while client.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")["Status"] != "READY":
        assert time.monotonic() < deadline, "they are made ready"
    pages = client.get_paginator("list_provisioned_concurrency_configs").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 1})
    arns = [c["FunctionArn"] for page in pages for c in page["ProvisionedConcurrencyConfigs"]]
    assert arns == [ARN + "f:2", ARN + "f:live"], arns
    refused("InvalidParameterValueException", client.put_provisioned_concurrency_config, FunctionName="f",
            Qualifier="$LATEST", ProvisionedConcurrentExecutions=1)
    for qualifier in ("live", "2"):
        client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier=qualifier)
    refused("ProvisionedConcurrencyConfigNotFoundException", client.get_provisioned_concurrency_config,
            FunctionName="f", Qualifier="live")


def events():
    destination = {"OnFailure": {"Destination": ARN + "g"}}
    put = client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1, DestinationConfig=destination)
    assert put["FunctionArn"] == ARN + "f:$LATEST" and put["DestinationConfig"]["OnFailure"] == destination["OnFailure"], put
    updated = client.update_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=60)
    assert (updated["MaximumRetryAttempts"], updated["MaximumEventAgeInSeconds"]) == (1, 60), updated
    client.put_function_event_invoke_config(FunctionName="f", Qualifier="live", MaximumRetryAttempts=0)
    pages = client.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 1})
    arns = [c["FunctionArn"] for page in pages for c in page["FunctionEventInvokeConfigs"]]
    assert arns == [ARN + "f:$LATEST", ARN + "f:live"], arns
    assert client.get_function_event_invoke_config(FunctionName="f", Qualifier="live")["MaximumRetryAttempts"] == 0
    client.delete_function_event_invoke_config(FunctionName="f", Qualifier="live")
    refused("ResourceNotFoundException", client.get_function_event_invoke_config, FunctionName="f", Qualifier="live")
    refused("ResourceNotFoundException", client.update_function_event_invoke_config, FunctionName="f", Qualifier="live",
            MaximumRetryAttempts=2)
    refused("InvalidParameterValueException", client.put_function_event_invoke_config, FunctionName="f",
            DestinationConfig={"OnFailure": {"Destination": "arn:aws:kinesis:us-east-1:123456789012:stream/s"}})


def urls():
    made = client.create_function_url_config(FunctionName="g", AuthType="NONE", Cors={"AllowOrigins": ["*"]})
    address = made["FunctionUrl"]
    assert address.endswith(".lambda-url.us-east-1.on.aws/"), made
    request = lambda: urllib.request.Request(ENDPOINT + "/a?b=c", headers={"Host": address.split("/")[2]})
    def status():
        try:
            with urllib.request.urlopen(request()) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, None
    assert status()[0] == 403, "nobody is let in yet"
    client.add_permission(FunctionName="g", StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*",
                          FunctionUrlAuthType="NONE")
    client.add_permission(FunctionName="g", StatementId="via", Action="lambda:InvokeFunction", Principal="*",
                          InvokedViaFunctionUrl=True)
    code, told = status()
    assert code == 200 and told["node"]["rawPath"] == "/a" and told["node"]["queryStringParameters"] == {"b": "c"}, told
    changed = client.update_function_url_config(FunctionName="g", InvokeMode="RESPONSE_STREAM", AuthType="AWS_IAM")
    assert (changed["InvokeMode"], changed["AuthType"]) == ("RESPONSE_STREAM", "AWS_IAM"), changed
    assert client.get_function_url_config(FunctionName="g")["FunctionUrl"] == address
    assert status()[0] == 403, "it is for those who sign"
    listed = client.list_function_url_configs(FunctionName="g")["FunctionUrlConfigs"]
    assert [url["FunctionUrl"] for url in listed] == [address], listed
    client.delete_function_url_config(FunctionName="g")
    refused("ResourceNotFoundException", client.get_function_url_config, FunctionName="g")


def layers():
    content = {"ZipFile": zipped(**{"python/shared.py": "n = 7\n"})}
    for n in (1, 2):
        made = client.publish_layer_version(LayerName="l", Content=content, CompatibleRuntimes=["python3.12"],
                                            CompatibleArchitectures=["x86_64"], LicenseInfo="MIT", Description=str(n))
        assert made["Version"] == n, made
    client.publish_layer_version(LayerName="other", Content=content)
    pages = client.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 1})
    assert [layer["LayerName"] for page in pages for layer in page["Layers"]] == ["l", "other"]
    assert [l["LayerName"] for l in client.list_layers(CompatibleRuntime="python3.12")["Layers"]] == ["l"]
    pages = client.get_paginator("list_layer_versions").paginate(LayerName="l", PaginationConfig={"PageSize": 1})
    assert [layer["Version"] for page in pages for layer in page["LayerVersions"]] == [2, 1]
    got = client.get_layer_version(LayerName="l", VersionNumber=1)
    assert got["Description"] == "1" and got["LicenseInfo"] == "MIT", got
    assert client.get_layer_version_by_arn(Arn=got["LayerVersionArn"])["Version"] == 1
    client.add_layer_version_permission(LayerName="l", VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion",
                                        Principal="*")
    policy = json.loads(client.get_layer_version_policy(LayerName="l", VersionNumber=1)["Policy"])
    assert policy["Statement"][0]["Sid"] == "s", policy
    client.remove_layer_version_permission(LayerName="l", VersionNumber=1, StatementId="s")
    refused("ResourceNotFoundException", client.get_layer_version_policy, LayerName="l", VersionNumber=1)

    client.create_function(
        FunctionName="k", Runtime="python3.12", Handler="app.handler", Role=ROLE, Layers=[got["LayerVersionArn"]],
        Code={"ZipFile": zipped(app__py="import shared\ndef handler(event, context): return shared.n\n")})
    assert value("k") == 7
    client.delete_layer_version(LayerName="l", VersionNumber=1)
    refused("ResourceNotFoundException", client.get_layer_version, LayerName="l", VersionNumber=1)
    assert value("k") == 7


def tags_and_the_rest():
    client.tag_resource(Resource=ARN + "f", Tags={"c": "d"})
    client.untag_resource(Resource=ARN + "f", TagKeys=["a"])
    assert client.list_tags(Resource=ARN + "f")["Tags"] == {"c": "d"}

    client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
    client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="FunctionUpdate")
    assert client.get_runtime_management_config(FunctionName="f")["UpdateRuntimeOn"] == "FunctionUpdate"

    config = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"
    assert "CodeSigningConfigArn" not in client.get_function_code_signing_config(FunctionName="f")
    refused("CodeSigningConfigNotFoundException", client.put_function_code_signing_config, FunctionName="f",
            CodeSigningConfigArn=config)
    client.delete_function_code_signing_config(FunctionName="f")
    refused("ResourceNotFoundException", client.get_code_signing_config, CodeSigningConfigArn=config)
    assert client.list_code_signing_configs()["CodeSigningConfigs"] == []
    refused("UnsupportedOperationException", client.create_code_signing_config,
            AllowedPublishers={"SigningProfileVersionArns": ["arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/abcdefghij"]})
    # The queue is elsewhere; a mapping that is not enabled asks nobody for messages.
    mapping = client.create_event_source_mapping(
        FunctionName="f", EventSourceArn="arn:aws:sqs:us-east-1:123456789012:q", BatchSize=5, Enabled=False)
    listed = client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
    assert [(it["UUID"], it["BatchSize"]) for it in listed] == [(mapping["UUID"], 5)], listed
    client.delete_event_source_mapping(UUID=mapping["UUID"])


def temporary_keys():
    """What Amplify's `API.post` with the service `lambda` sends: a call signed with a session's keys."""
    iam, sts = boto3.client("iam"), boto3.client("sts")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}]})
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    keys = sts.assume_role(RoleArn=role, RoleSessionName="user")["Credentials"]
    def call(name, secret=keys["SecretAccessKey"]):
        path = f"{ENDPOINT}/2015-03-31/functions/{name}/invocations"
        request = AWSRequest("POST", path, data=b'{"a": 1}', headers={"content-type": "application/json"})
        SigV4Auth(Credentials(keys["AccessKeyId"], secret, keys["SessionToken"]), "lambda", "us-east-1").add_auth(request)
        prepared = request.prepare()
        try:
            with urllib.request.urlopen(urllib.request.Request(path, prepared.body, dict(prepared.headers))) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.headers["x-amzn-errortype"]
    assert call("g") == (403, "AccessDeniedException")
    allow = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": ARN + "g"}]}
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(allow))
    assert call("g") == (200, {"node": {"a": 1}, "version": "$LATEST"})
    assert call("f") == (403, "AccessDeniedException")
    assert call("g", "another")[0] == 403


def the_end():
    client.delete_function(FunctionName="f", Qualifier="2")
    refused("ResourceNotFoundException", client.get_function, FunctionName="f", Qualifier="2")
    for name in ("f", "g", "h", "s", "k"):
        client.delete_function(FunctionName=name)
        refused("ResourceNotFoundException", client.get_function, FunctionName=name)
    assert client.list_functions()["Functions"] == []


for part in (functions, streams, versions_and_aliases, permissions, concurrency, events, urls, layers,
             tags_and_the_rest, temporary_keys, the_end):
    part()
print("lambda_boto3: every operation answered as expected")
