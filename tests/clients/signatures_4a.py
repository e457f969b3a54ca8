#!/usr/bin/env python3
"""Signature Version 4A for execute-api, as botocore (with AWS's common runtime) and AWS's JavaScript SDK sign."""
import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.crt.auth import CrtSigV4AsymAuth, CrtSigV4AsymQueryAuth

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
WORK = Path(__file__).resolve().parents[2] / "target" / "signatures-4a"
method = {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}, "responses": {"200": {"description": "ok"}},
          "x-amazon-apigateway-integration": {
              "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
              "responses": {"default": {"statusCode": "200", "responseTemplates": {
                  "application/json": '{"who": "$context.identity.userArn", "q": "$input.params(\'q\')"}'}}}}}
definition = {"openapi": "3.0.1", "info": {"title": "signed"}, "paths": {"/pets/{id}": {"get": method, "post": method}}}
gateway = boto3.client("apigateway")
api = gateway.import_rest_api(body=json.dumps(definition).encode(), failOnWarnings=True)["id"]
gateway.create_deployment(restApiId=api, stageName="dev")
STAGE = f"{ENDPOINT}/restapis/{api}/dev/_user_request_"
root = "arn:aws:iam::123456789012:root"


def send(method, url, headers, data=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["message"]


def invoke(auth, path, regions, data=b"", method="GET", credentials=Credentials("test", "test"), service="execute-api", sent=None):
    request = AWSRequest(method=method, url=STAGE + path, data=data, headers={"content-type": "application/json"} if data else {})
    auth(credentials, service, regions).add_auth(request)
    prepared = request.prepare()
    return send(method, prepared.url, dict(prepared.headers), sent or data or None)


for auth in (CrtSigV4AsymAuth, CrtSigV4AsymQueryAuth):
    for regions in ("*", "us-east-1", "us-*,eu-west-1"):
        assert invoke(auth, "/pets/1?q=a%20b&r=~", regions) == (200, {"who": root, "q": "a b"}), (auth, regions)
    status, said = invoke(auth, "/pets/1", "eu-*")
    assert status == 403 and said.startswith("Credential should be scoped to a valid region, not 'eu-*'"), said
    status, said = invoke(auth, "/pets/1", "*", credentials=Credentials("test", "wrong"))
    assert status == 403 and said.startswith("The request signature we calculated does not match"), said
    assert invoke(auth, "/pets/1", "*", service="states")[0] == 403
assert invoke(CrtSigV4AsymAuth, "/pets/1", "*", b'{"a": 1}', "POST")[0] == 200
assert invoke(CrtSigV4AsymAuth, "/pets/1", "*", b'{"a": 1}', "POST", sent=b'{"a": 2}')[0] == 403
session = boto3.client("sts").get_session_token()["Credentials"]
session = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
assert invoke(CrtSigV4AsymAuth, "/pets/1", "*", credentials=session)[0] == 200
print("methods with AWS_IAM take what botocore signs with Signature Version 4A")

WORK.mkdir(parents=True, exist_ok=True)
(WORK / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
packages = ["@smithy/signature-v4a@3.6.2", "@aws-crypto/sha256-js@5.2.0"]
if not (WORK / "node_modules" / "@smithy" / "signature-v4a").exists():
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", *packages]
    subprocess.run(npm, cwd=WORK, check=True)
(WORK / "sign.mjs").write_text("""
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4a } from "@smithy/signature-v4a";
const [host, path, region, method, body] = process.argv.slice(2);
const signer = new SignatureV4a({ credentials: { accessKeyId: "test", secretAccessKey: "test" }, service: "execute-api", region, sha256: Sha256 });
const [hostname, port] = host.split(":");
const request = { method, protocol: "http:", hostname, port: Number(port), path, query: { q: "a b" },
  headers: { host, "content-type": "application/json" }, body: body || undefined };
const { headers } = await signer.sign(request);
console.log(JSON.stringify(headers));
""")
host, path = ENDPOINT.removeprefix("http://"), f"/restapis/{api}/dev/_user_request_/pets/1"
for region, verb, body, status in (("*", "GET", "", 200), ("us-east-1", "POST", '{"ü": "ß"}', 200), ("eu-west-1", "GET", "", 403)):
    run = ["node", "sign.mjs", host, path, region, verb, body]
    done = subprocess.run(run, cwd=WORK, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer = send(verb, f"http://{host}{path}?q=a%20b", json.loads(done.stdout), body.encode() or None)
    assert answer[0] == status, (region, answer)
    assert status != 200 or answer[1] == {"who": root, "q": "a b"}, answer
print("and what AWS's JavaScript SDK signs")
