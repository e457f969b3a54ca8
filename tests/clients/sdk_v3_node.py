#!/usr/bin/env python3
"""AWS's JavaScript SDK of version 3 in Node.js: what its clients sign is let in, sessions and bearers of tokens among it."""
import json
import os
import subprocess
from pathlib import Path

WORK = Path(__file__).resolve().parents[2] / "target" / "sdk-v3"
PACKAGES = ["@aws-sdk/client-sfn@3.1164.0", "@aws-sdk/client-api-gateway@3.1142.0", "@aws-sdk/client-sts@3.1177.0",
            "@aws-sdk/client-iam", "@aws-sdk/client-cognito-identity", "@smithy/signature-v4@5.7.5", "@aws-crypto/sha256-js@5.2.0"]
WORK.mkdir(parents=True, exist_ok=True)
want = json.dumps(PACKAGES)
if not (WORK / ".installed").exists() or (WORK / ".installed").read_text() != want:
    (WORK / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", *PACKAGES]
    subprocess.run(npm, cwd=WORK, check=True)
    (WORK / ".installed").write_text(want)
(WORK / "run.mjs").write_text("""
import assert from "node:assert/strict";
import { Sha256 } from "@aws-crypto/sha256-js";
import { APIGatewayClient, CreateDeploymentCommand, ImportRestApiCommand } from "@aws-sdk/client-api-gateway";
import { CognitoIdentityClient, CreateIdentityPoolCommand, GetIdCommand, GetOpenIdTokenCommand } from "@aws-sdk/client-cognito-identity";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateActivityCommand, ListActivitiesCommand, ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";

const endpoint = process.env.AWS_ENDPOINT_URL;
const with_ = (credentials) => ({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
const own = { accessKeyId: "test", secretAccessKey: "test" };
const keys = ({ AccessKeyId, SecretAccessKey, SessionToken }) =>
  ({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken });
const sfn = new SFNClient(with_(own));
await sfn.send(new CreateActivityCommand({ name: "Activity" }));
assert.equal((await sfn.send(new ListActivitiesCommand({}))).activities.length, 1);
await assert.rejects(new SFNClient(with_({ ...own, secretAccessKey: "wrong" })).send(new ListActivitiesCommand({})),
  { name: "InvalidSignatureException" });

// A role, assumed with a key and with a token.
const statement = (more) => JSON.stringify({ Version: "2012-10-17", Statement: [more] });
const iam = new IAMClient(with_(own));
const cognito = new CognitoIdentityClient(with_(own));
const { IdentityPoolId } = await cognito.send(new CreateIdentityPoolCommand(
  { IdentityPoolName: "p", AllowUnauthenticatedIdentities: true, AllowClassicFlow: true }));
for (const [name, principal, action] of [
  ["Own", { AWS: "123456789012" }, "sts:AssumeRole"],
  ["Bearer", { Federated: "cognito-identity.amazonaws.com" }, "sts:AssumeRoleWithWebIdentity"],
]) {
  const trust = statement({ Effect: "Allow", Principal: principal, Action: action });
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust }));
  const policy = statement({ Effect: "Allow", Action: "states:ListActivities", Resource: "*" });
  await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: "p", PolicyDocument: policy }));
}
const sts = new STSClient(with_(own));
const role = (name) => ({ RoleArn: `arn:aws:iam::123456789012:role/${name}`, RoleSessionName: "node" });
const { IdentityId } = await cognito.send(new GetIdCommand({ IdentityPoolId }));
const { Token } = await cognito.send(new GetOpenIdTokenCommand({ IdentityId }));
const nobody = new STSClient({ endpoint, region: "us-east-1", maxAttempts: 1 });
const bearer = await nobody.send(new AssumeRoleWithWebIdentityCommand({ ...role("Bearer"), WebIdentityToken: Token }));
assert.equal(bearer.SubjectFromWebIdentityToken, IdentityId);
assert.equal(bearer.Audience, IdentityPoolId);
await assert.rejects(nobody.send(new AssumeRoleWithWebIdentityCommand({ ...role("Bearer"), WebIdentityToken: "nonsense" })),
  { name: "InvalidIdentityTokenException" });
for (const [name, session] of [["Own", await sts.send(new AssumeRoleCommand(role("Own")))], ["Bearer", bearer]]) {
  const credentials = keys(session.Credentials);
  const said = await new STSClient(with_(credentials)).send(new GetCallerIdentityCommand({}));
  assert.equal(said.Arn, `arn:aws:sts::123456789012:assumed-role/${name}/node`);
  const client = new SFNClient(with_(credentials));
  assert.equal((await client.send(new ListActivitiesCommand({}))).activities.length, 1);
  await assert.rejects(client.send(new ListStateMachinesCommand({})), { name: "AccessDeniedException" });
}

// Methods with AWS_IAM, signed in headers and in the query.
const method = { "x-amazon-apigateway-auth": { type: "AWS_IAM" }, responses: { 200: { description: "ok" } },
  "x-amazon-apigateway-integration": { type: "mock", requestTemplates: { "application/json": '{"statusCode": 200}' },
    responses: { default: { statusCode: "200", responseTemplates: { "application/json": '{"who": "$context.identity.userArn"}' } } } } };
const definition = { openapi: "3.0.1", info: { title: "signed" }, paths: { "/pets/{id}": { get: method, post: method } } };
const gateway = new APIGatewayClient(with_(own));
const { id } = await gateway.send(new ImportRestApiCommand({ body: new TextEncoder().encode(JSON.stringify(definition)), failOnWarnings: true }));
await gateway.send(new CreateDeploymentCommand({ restApiId: id, stageName: "dev" }));
const { hostname, port, host } = new URL(endpoint);
const signer = (secret) => new SignatureV4({ credentials: { ...own, secretAccessKey: secret }, region: "us-east-1", service: "execute-api", sha256: Sha256 });
const request = (method, path, query, body) => ({ method, protocol: "http:", hostname, port: Number(port), query, body,
  path: `/restapis/${id}/dev/_user_request_${path}`, headers: { host, ...(body ? { "content-type": "application/json" } : {}) } });
const send = async ({ method, path, query, headers, body }) => {
  const text = Object.entries(query ?? {}).map(([name, value]) => [name, value].map(encodeURIComponent).join("=")).join("&");
  const { host: _, ...rest } = headers;
  const answer = await fetch(`${endpoint}${path}${text ? `?${text}` : ""}`, { method, headers: rest, body });
  return [answer.status, await answer.json()];
};
const root = { who: "arn:aws:iam::123456789012:root" };
for (const [method, path, query, body] of [
  ["GET", "/pets/1", {}], ["GET", "/pets/a%20b", { q: "a b", r: "~" }], ["POST", "/pets/1", { q: "ü" }, '{"name": "Müsli"}'],
]) {
  assert.deepEqual(await send(await signer("test").sign(request(method, path, query, body))), [200, root]);
  assert.equal((await send(await signer("wrong").sign(request(method, path, query, body))))[0], 403);
  if (!body) assert.deepEqual(await send(await signer("test").presign(request(method, path, query))), [200, root]);
}
console.log("what the JavaScript SDK of version 3 signs is let in");
""")
environment = {**os.environ}
for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
    environment.pop(name, None)
done = subprocess.run(["node", "run.mjs"], cwd=WORK, capture_output=True, text=True, timeout=180, env=environment)
assert done.returncode == 0, done.stdout + done.stderr
print(done.stdout, end="")
