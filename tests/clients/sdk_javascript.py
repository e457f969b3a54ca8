#!/usr/bin/env python3
"""Generated clients, in JavaScript and TypeScript: they call a stage with an API key, and sign as AWS's clients do."""
import io
import json
import os
import subprocess
import threading
import urllib.parse
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
WORK = Path(__file__).resolve().parents[2] / "target" / "sdk"
client = boto3.client("apigateway", region_name="us-east-1", endpoint_url=ENDPOINT)

ECHO = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": #if($input.params("status") != "")$input.params("status")#{else}200#end}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json":
            '{"id": "$input.params("id")", "page": "$input.params("page")", "trace": "$input.params("X-Trace")",'
            ' "key": "$!context.identity.apiKeyId"}'}},
            "404": {"statusCode": "404", "selectionPattern": "404",
                    "responseTemplates": {"application/json": '{"message": "no such order"}'}}}}
ORDER = {"type": "object", "required": ["id"], "properties": {
    "id": {"type": "string"}, "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}}}}
OPERATION = {
    "parameters": [{"name": "page", "in": "query", "schema": {"type": "string"}},
                   {"name": "status", "in": "query", "schema": {"type": "string"}},
                   {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}],
    "security": [{"api_key": []}],
    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                  "404": {"description": "not found"}},
    "x-amazon-apigateway-integration": ECHO,
}
BODY = {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}}
DOCUMENT = {
    "openapi": "3.0.1", "info": {"title": "Orders", "version": "1.2"},
    "paths": {"/orders/{id}": {"get": OPERATION, "put": {**OPERATION, **BODY}},
              "/files/{path+}": {"get": OPERATION}},
    "components": {
        "schemas": {"Order": ORDER, "Line": {"type": "object", "properties": {"count": {"type": "integer"}}}},
        "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
}


def generate(api, kind, url):
    answer = client.get_sdk(restApiId=api, stageName="dev", sdkType=kind, parameters={"invokeUrl": url})
    assert answer["contentType"] == "application/octet-stream", answer
    assert answer["contentDisposition"].startswith(f'attachment; filename="{kind}_20'), answer
    zipfile.ZipFile(io.BytesIO(answer["body"].read())).extractall(WORK)
    return WORK / {"javascript": "apiGateway-js-sdk", "typescript": "apiGateway-ts-sdk"}[kind]


def run(script):
    (WORK / "run.mjs").write_text(script)
    done = subprocess.run(["node", "run.mjs"], cwd=WORK, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


WORK.mkdir(parents=True, exist_ok=True)
api = client.import_rest_api(body=json.dumps(DOCUMENT).encode(), failOnWarnings=True)["id"]
client.create_deployment(restApiId=api, stageName="dev")
key = client.create_api_key(name="orders", enabled=True)
plan = client.create_usage_plan(name="orders", apiStages=[{"apiId": api, "stage": "dev"}])["id"]
client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
url = f"{ENDPOINT}/restapis/{api}/dev/_user_request_"

generate(api, "javascript", url)
results = run(f"""
import {{ apigClientFactory }} from "./apiGateway-js-sdk/apigClient.js";
const keyed = apigClientFactory.newClient({{ apiKey: {json.dumps(key["value"])} }});
const results = [];
const tell = async (promise) => {{
  try {{ const {{ status, data }} = await promise; results.push([status, data]); }}
  catch (error) {{ results.push([error.response?.status ?? "error", error.response?.data ?? error.message]); }}
}};
await tell(keyed.ordersIdGet({{ id: "a b/c", page: "1&2", "X-Trace": "t" }}));
await tell(keyed.ordersIdPut({{ id: 7 }}, {{ id: "x" }}, {{ queryParams: {{ page: "9" }}, headers: {{ "X-Trace": "more" }} }}));
await tell(keyed.ordersIdGet({{ id: "1", status: "404" }}));
await tell(keyed.ordersIdGet({{}}));
await tell(keyed.filesPathGet({{ path: "a/b c/d" }}));
await tell(globalThis.apigClientFactory.newClient().ordersIdGet({{ id: "1" }}));
console.log(JSON.stringify(results));
""")
empty = {"page": "", "trace": "", "key": key["id"]}
assert results[0] == [200, {**empty, "id": "a%20b%2Fc", "page": "1&2", "trace": "t"}], results[0]
assert results[1] == [200, {**empty, "id": "7", "page": "9", "trace": "more"}], results[1]
assert results[2] == [404, {"message": "no such order"}], results[2]
assert results[3] == ["error", "ordersIdGet: the parameter id is missing"], results[3]
assert results[4][0] == 200, results[4]
assert results[5] == [403, {"message": "Forbidden"}], results[5]
print("the JavaScript client calls a stage with an API key")

# What is signed is signed again by botocore, which is what AWS's own clients do.
seen = []


class Recorder(BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_PUT = answer

    def log_message(self, *_):
        pass


def signature(method, path, headers, body):
    """The Authorization header that botocore makes for the same request."""
    lower = {name.lower(): value for name, value in headers.items()}
    signed = lower["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest(method=method, url=f"http://{lower['host']}{path}", data=body,
                         headers={name: lower[name] for name in signed if name not in ("host", "x-amz-date")})
    auth = SigV4Auth(Credentials("AKID", "SECRET", lower.get("x-amz-security-token")), "execute-api", "eu-west-1")
    request.context["timestamp"] = lower["x-amz-date"]
    if "x-amz-security-token" in request.headers:
        del request.headers["x-amz-security-token"]
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    to_sign = auth.string_to_sign(request, canonical)
    return auth.signature(to_sign, request), canonical


recorder = HTTPServer(("127.0.0.1", 0), Recorder)
threading.Thread(target=recorder.serve_forever, daemon=True).start()
there = f"http://127.0.0.1:{recorder.server_address[1]}/base/dev"
run(f"""
import {{ apigClientFactory }} from "./apiGateway-js-sdk/apigClient.js";
const config = {{ accessKey: "AKID", secretKey: "SECRET", region: "eu-west-1", invokeUrl: {json.dumps(there)} }};
const plain = apigClientFactory.newClient(config);
const session = apigClientFactory.newClient({{ ...config, sessionToken: "TOKEN/+=", apiKey: "k" }});
await plain.ordersIdGet({{ id: "a b/c'(!)*", page: ["2", "1", "~ü"] }}, null, {{ queryParams: {{ "page-x": "=&", a: "" }} }});
await session.ordersIdPut({{ id: "1" }}, {{ ü: "ß" }});
await plain.filesPathGet({{ path: "a/b c" }});
console.log("0");
""")
assert len(seen) == 3, seen
for method, path, headers, body in seen:
    lower = {name.lower(): value for name, value in headers.items()}
    expect, canonical = signature(method, path, headers, body)
    assert lower["authorization"].endswith(f"Signature={expect}"), (method, path, headers, canonical)
assert seen[1][2].get("x-amz-security-token") == "TOKEN/+=" and seen[1][2].get("x-api-key") == "k", seen[1]
assert json.loads(seen[1][3]) == {"ü": "ß"} and seen[1][2]["content-type"] == "application/json", seen[1]
assert urllib.parse.urlsplit(seen[2][1]).path == "/base/dev/files/a/b%20c", seen[2]
recorder.shutdown()
print("the JavaScript client signs as botocore does")

# The same signatures, verified: methods with AWS_IAM.
SIGNED = json.loads(json.dumps(DOCUMENT))
for path in SIGNED["paths"].values():
    for operation in path.values():
        del operation["security"]
        operation["x-amazon-apigateway-auth"] = {"type": "AWS_IAM"}
        template = '{"id": "$input.params("id")", "page": "$input.params("page")", "who": "$!context.identity.userArn"}'
        responses = operation["x-amazon-apigateway-integration"]["responses"]
        responses["default"]["responseTemplates"]["application/json"] = template
signed = client.import_rest_api(body=json.dumps(SIGNED).encode(), failOnWarnings=True)["id"]
client.create_deployment(restApiId=signed, stageName="dev")
signed_url = f"{ENDPOINT}/restapis/{signed}/dev/_user_request_"
generate(signed, "javascript", signed_url)
results = run(f"""
import {{ apigClientFactory }} from "./apiGateway-js-sdk/apigClient.js";
const results = [];
const tell = async (promise) => {{
  try {{ const {{ status, data }} = await promise; results.push([status, data]); }}
  catch (error) {{ results.push([error.response?.status ?? "error", error.response?.data?.message?.split("\\n")[0] ?? error.message]); }}
}};
const keys = {{ accessKey: "test", secretKey: "test", region: "us-east-1" }};
const signing = apigClientFactory.newClient(keys);
await tell(signing.ordersIdGet({{ id: "a b/c'(!)*", page: "1&2 ü", "X-Trace": "t" }}));
await tell(signing.ordersIdPut({{ id: "1" }}, {{ ü: "ß" }}, {{ queryParams: {{ b: ["2", "1"] }} }}));
await tell(signing.filesPathGet({{ path: "a/b c" }}));
await tell(apigClientFactory.newClient({{ ...keys, secretKey: "wrong" }}).ordersIdGet({{ id: "1" }}));
await tell(apigClientFactory.newClient({{ ...keys, sessionToken: "token" }}).ordersIdGet({{ id: "1" }}));
await tell(apigClientFactory.newClient().ordersIdGet({{ id: "1" }}));
console.log(JSON.stringify(results));
""")
root = "arn:aws:iam::123456789012:root"
assert [status for status, _ in results[:3]] == [200, 200, 200], results
assert results[0][1] | {"id": ""} == {"id": "", "page": "1&2 ü", "who": root}, results[0]
assert results[3][0] == 403 and results[3][1].startswith("The request signature we calculated"), results[3]
assert results[4] == [403, "The security token included in the request is invalid."], results[4]
assert results[5] == [403, "Missing Authentication Token"], results[5]
print("the JavaScript client calls methods with AWS_IAM")

generate(api, "typescript", url)
(WORK / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", "typescript@5.9.3"]
subprocess.run(npm, cwd=WORK, check=True)
GOOD = """
import { apigClientFactory, type Models } from "./apiGateway-ts-sdk/apigClient.js";
const client = apigClientFactory.newClient({ apiKey: "k" });
const order: Models["Order"] = { id: "1", lines: [{ count: 1 }] };
const answer = await client.ordersIdPut({ id: 1, page: "2" }, order, { headers: { a: "b" } });
const id: string = answer.data.id;
const count: number | undefined = answer.data.lines?.[0]?.count;
console.log(id, count, answer.status.toFixed());
export {};
"""
BAD = GOOD + """
await client.ordersIdGet({ page: "2" });
await client.ordersIdPut({ id: 1 }, { lines: [] });
await client.ordersIdGet({ id: 1, nothing: "x" });
const wrong: number = answer.data.id;
"""
TSC = ["npx", "tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext",
       "--moduleResolution", "nodenext", "--lib", "es2022,dom,dom.iterable"]
(WORK / "good.ts").write_text(GOOD)
done = subprocess.run([*TSC, "good.ts"], cwd=WORK, capture_output=True, text=True)
assert done.returncode == 0, done.stdout
(WORK / "bad.ts").write_text(BAD)
done = subprocess.run([*TSC, "bad.ts"], cwd=WORK, capture_output=True, text=True)
assert done.stdout.count("error TS") == 4, done.stdout
print("the TypeScript client is checked by tsc")
