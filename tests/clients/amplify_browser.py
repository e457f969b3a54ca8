#!/usr/bin/env python3
"""Amplify in headless Chromium: the current one and that of the API guide, unmodified and configured as for AWS. Needs Chromium
(Debian's package), Node.js and npm."""
import datetime
import functools
import hashlib
import http.server
import io
import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HERE = Path(__file__).resolve().parent / "amplify"
WORK = HERE.parents[2] / "target" / "amplify"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
TLS = os.environ["STEPGATE_TLS_ENDPOINT"].removeprefix("https://")
REGION, ACCOUNT = "us-east-1", "123456789012"

# --- the page: two bundles of it, and a server of another origin
WORK.mkdir(parents=True, exist_ok=True)
manifest = (HERE / "package.json").read_text()
want = hashlib.sha256(manifest.encode()).hexdigest()
if not (WORK / ".installed").exists() or (WORK / ".installed").read_text() != want:
    (WORK / "package.json").write_text(manifest)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=WORK, check=True)
    (WORK / ".installed").write_text(want)
for name in ("v6", "v1"):
    (WORK / f"{name}.js").write_text((HERE / f"{name}.js").read_text())
    subprocess.run(["npx", "esbuild", f"{name}.js", "--bundle", "--define:global=window", f"--outfile=pages/{name}.js",
                    "--log-level=error"], cwd=WORK, check=True)
    (WORK / "pages" / f"{name}.html").write_text(f'<!doctype html><meta charset="utf-8"><script src="{name}.js"></script>')
(WORK / "drive.mjs").write_text((HERE / "drive.mjs").read_text())


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(WORK / "pages")))
threading.Thread(target=pages.serve_forever, daemon=True).start()


def drive(page, *steps, skew=0):
    """The results of steps in a fresh browser, the requests that the page made, and those that the browser asked before."""
    url = f"http://localhost:{pages.server_address[1]}/{page}.html"
    given = json.dumps({"page": url, "tls": TLS, "steps": steps, "clockSkewMs": skew})
    done = subprocess.run(["node", "drive.mjs"], cwd=WORK, input=given, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert not answer["problems"], answer["problems"]
    return answer["results"], answer["requests"], answer["preflights"]


# --- what a developer has: people, an identity pool with roles, an API with CORS, a function
idp, pools, iam = boto3.client("cognito-idp"), boto3.client("cognito-identity"), boto3.client("iam")
gateway, functions = boto3.client("apigateway"), boto3.client("lambda")
pool = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
client = idp.create_user_pool_client(UserPoolId=pool, ClientName="page")["UserPoolClient"]["ClientId"]
idp.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="SUPPRESS")
idp.admin_set_user_password(UserPoolId=pool, Username="ann", Password="Secret-1", Permanent=True)
provider = f"cognito-idp.{REGION}.amazonaws.com/{pool}"
identities = pools.create_identity_pool(IdentityPoolName="page", AllowUnauthenticatedIdentities=True, CognitoIdentityProviders=[
    {"ProviderName": provider, "ClientId": client}])["IdentityPoolId"]

ECHO = {"method": "$context.httpMethod", "type": "$context.identity.cognitoAuthenticationType",
        "who": "$context.identity.cognitoIdentityId", "q": "$input.params('q')", "x": "$input.params('X-Mine')"}
CORS = {"Access-Control-Allow-Origin": "'*'", "Access-Control-Expose-Headers": "'x-amzn-RequestId,x-amzn-ErrorType,Date,X-Total'"}
CUSTOM = "'Content-Type,X-Amz-Date,Authorization,X-Api-Key,X-Amz-Security-Token,X-Amz-User-Agent,X-Mine'"


def answer(headers, template):
    return {"default": {"statusCode": "200", "responseParameters": {f"method.response.header.{k}": v for k, v in headers.items()},
                        "responseTemplates": {"application/json": template}}}


def operation(responses, **more):
    names = responses["default"]["responseParameters"]
    headers = {name.rsplit(".", 1)[1]: {"schema": {"type": "string"}} for name in names}
    return {"responses": {"200": {"description": "ok", "headers": headers}},
            "x-amazon-apigateway-integration": {
                "type": "mock", "passthroughBehavior": "when_no_match",
                "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": responses}, **more}


signed = {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}
echo = answer({**CORS, "X-Total": "'7'"}, json.dumps(ECHO))
preflight = answer({**CORS, "Access-Control-Allow-Headers": CUSTOM, "Access-Control-Allow-Methods": "'GET,POST,PUT,DELETE,HEAD,OPTIONS'"}, "")
items = {verb: operation(echo, **signed) for verb in ("get", "post", "put", "delete", "head")}
definition = {
    "openapi": "3.0.1", "info": {"title": "items"},
    "paths": {"/items": {**items, "options": operation(preflight)},
              "/secret": {"get": operation(echo, **signed), "options": operation(preflight)}},
    "x-amazon-apigateway-gateway-responses": {kind: {"responseParameters": {
        f"gatewayresponse.header.{name}": value for name, value in CORS.items()}} for kind in ("DEFAULT_4XX", "DEFAULT_5XX")},
}
api = gateway.import_rest_api(body=json.dumps(definition).encode(), failOnWarnings=True)["id"]
gateway.create_deployment(restApiId=api, stageName="dev")
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as packed:
    packed.writestr("app.py", "def handler(event, context):\n    return {'got': event}\n")
functions.create_function(FunctionName="hello", Runtime="python3.12", Handler="app.handler", Code={"ZipFile": archive.getvalue()},
                          Role=f"arn:aws:iam::{ACCOUNT}:role/hello")


def role(name, method, allowed):
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": identities},
                      "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": method}}}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    return arn


arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/dev"
invoke = ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:hello")
pools.set_identity_pool_roles(IdentityPoolId=identities, Roles={
    "authenticated": role("PageKnown", "authenticated", [("execute-api:Invoke", f"{arn}/*/items"), ("execute-api:Invoke", f"{arn}/GET/secret"), invoke]),
    "unauthenticated": role("PageGuest", "unauthenticated", [("execute-api:Invoke", f"{arn}/*/items")])})
URL = f"https://{api}.execute-api.{REGION}.amazonaws.com/dev"
FUNCTION = f"https://lambda.{REGION}.amazonaws.com/2015-03-31/functions/hello/invocations"

# --- the current Amplify
V6 = {"Auth": {"Cognito": {"userPoolId": pool, "userPoolClientId": client, "identityPoolId": identities, "allowGuestAccess": True}},
      "API": {"REST": {"items": {"endpoint": URL, "region": REGION},
                       "hello": {"endpoint": FUNCTION, "service": "lambda", "region": REGION}}}}
mine = {"headers": {"X-Mine": "custom"}, "queryParams": {"q": "a b"}}
body = {"body": {"name": "Müsli"}}
results, requests, preflights = drive(
    "v6", ["configure", V6], ["session"],
    ["call", "get", "items", "/items", mine], ["call", "post", "items", "/items", {**mine, **body}],
    ["call", "put", "items", "/items", body], ["call", "del", "items", "/items"], ["call", "head", "items", "/items"],
    ["call", "get", "items", "/secret"], ["call", "get", "items", "/none"])
_, guest, got, posted, put, deleted, headed, secret, none = results
assert guest["key"].startswith("ASIA") and guest.get("token") is None, guest
for name, result in (("GET", got), ("POST", posted), ("PUT", put), ("DELETE", deleted)):
    said = json.loads(result["body"])
    assert result["status"] == 200 and said["method"] == name, result
    assert (said["type"], said["who"]) == ("unauthenticated", guest["identity"]), said
assert (json.loads(got["body"])["q"], json.loads(got["body"])["x"]) == ("a b", "custom"), got
assert got["headers"]["x-total"] == "7", got["headers"]
assert headed["status"] == 200, headed
assert secret["status"] == 403 and "is not authorized to perform: execute-api:Invoke" in secret["body"], secret
assert none["failed"], none
def asked(preflights):
    """The custom headers for which the browser asked first, by path."""
    names = lambda headers: {k.lower(): v for k, v in headers.items()}["access-control-request-headers"].split(",")
    return {(url.split("/dev", 1)[1].split("?")[0], name.strip().lower()) for url, headers in preflights if "/dev/" in url for name in names(headers)}


assert {("/items", "x-mine"), ("/items", "authorization"), ("/items", "x-amz-security-token")} <= asked(preflights), preflights
signatures = [headers["authorization"] for _, url, headers in requests if "/dev/items" in url and "authorization" in headers]
assert signatures and all(f"/{REGION}/execute-api/aws4_request" in it for it in signatures), requests
print("v6: a guest's page calls the API, and gets 403 where its role may not")

results, _, _ = drive(
    "v6", ["configure", V6], ["signIn", "ann", "Secret-1"], ["session"], ["call", "get", "items", "/secret"],
    ["call", "post", "hello", "", body], ["session", True], ["signOut"], ["session"], ["call", "get", "items", "/secret"])
_, step, known, secret, function, fresh, _, guest, refused = results
assert step == "DONE" and known["token"] and known["user"], results
assert secret["status"] == 200 and json.loads(secret["body"])["type"] == "authenticated", secret
assert json.loads(function["body"]) == {"got": body["body"]}, function
assert fresh["token"] != known["token"] and fresh["identity"] == known["identity"], (known, fresh)
assert guest.get("token") is None and refused["status"] == 403, refused
results, _, _ = drive("v6", ["configure", V6], ["signIn", "ann", "Secret-2"])
assert "Incorrect username or password." in results[1]["threw"], results
print("v6: who signs in has another role, calls a function and refreshes tokens")

# --- the Amplify of the guide
V1 = {"Auth": {"identityPoolId": identities, "region": REGION, "userPoolId": pool, "userPoolWebClientId": client},
      "API": {"endpoints": [{"name": "items", "endpoint": URL, "region": REGION, "custom": {"X-Mine": "custom"}},
                            {"name": "hello", "endpoint": FUNCTION, "service": "lambda", "region": REGION}]}}
query = {"queryStringParameters": {"q": "a b"}}
results, requests, preflights = drive(
    "v1", ["configure", V1], ["call", "get", "items", "/items", query], ["call", "post", "items", "/items", body],
    ["call", "put", "items", "/items", body], ["call", "del", "items", "/items", {}], ["full", "head", "items", "/items", {}],
    ["full", "get", "items", "/items", query], ["call", "get", "items", "/secret", {}],
    ["signIn", "ann", "Secret-1"], ["call", "get", "items", "/secret", {}], ["call", "post", "hello", "", body])
_, got, posted, put, deleted, headed, full, refused, name, secret, function = results
for verb, result in (("GET", got), ("POST", posted), ("PUT", put), ("DELETE", deleted)):
    assert result["data"]["method"] == verb and result["data"]["type"] == "unauthenticated", result
assert (got["data"]["q"], got["data"]["x"]) == ("a b", "custom"), got
assert headed["status"] == 200 and full["status"] == 200 and full["headers"]["x-total"] == "7", full
assert refused["status"] == 403 and "is not authorized" in refused["body"]["Message"], refused
assert name == "ann" and secret["data"]["type"] == "authenticated", results
assert function["data"] == {"got": body["body"]}, function
assert any("x-mine" in headers for _, _, headers in requests)
assert ("/items", "x-mine") in asked(preflights), preflights
print("v1: the guide's page does the same")

# --- what is wrong with a request is said in AWS's words; pages may read it
results, _, _ = drive("v1", ["configure", V1], ["call", "get", "items", "/items", {}], skew=-20 * 60 * 1000)
late = results[1]
if "data" not in late:
    assert late["status"] == 403 and late["body"]["message"].startswith("Signature expired: "), late
session = pools.get_id(IdentityPoolId=identities)["IdentityId"]
key = pools.get_credentials_for_identity(IdentityId=session)["Credentials"]
key = Credentials(key["AccessKeyId"], key["SecretKey"], key["SessionToken"])


def send(data, signed_data=None, at=None, host=f"{api}.execute-api.{REGION}.amazonaws.com"):
    request = AWSRequest(method="POST", url=f"https://{host}/dev/items", data=signed_data or data, headers={"content-type": "application/json"})
    auth = SigV4Auth(key, "execute-api", REGION)
    if at:
        request.context["timestamp"] = at
        request.headers["x-amz-date"] = at
        request.headers["host"] = host
        request.headers["x-amz-security-token"] = key.token
        canonical = auth.canonical_request(request)
        auth._inject_signature_to_request(request, auth.signature(auth.string_to_sign(request, canonical), request))
    else:
        auth.add_auth(request)
    headers = {**dict(request.headers), "Host": host, "Origin": "http://localhost"}
    sent = urllib.request.Request(f"{ENDPOINT}/dev/items", data, headers, method="POST")
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, {}, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


assert send(b'{"a": 1}')[0] == 200
status, said, headers = send(b'{"a": 2}', signed_data=b'{"a": 1}')
assert status == 403 and said["message"].startswith("The request signature we calculated does not match"), said
assert headers["Access-Control-Allow-Origin"] == "*" and headers["x-amzn-ErrorType"] == "InvalidSignatureException", headers
late = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=15, seconds=1)).strftime("%Y%m%dT%H%M%SZ")
status, said, _ = send(b"{}", at=late)
assert status == 403 and said["message"].startswith(f"Signature expired: {late} is now earlier than "), said
print("wrong clocks, changed bodies and late signatures get AWS's errors")
pages.shutdown()
