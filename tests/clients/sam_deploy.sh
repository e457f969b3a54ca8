#!/usr/bin/env bash
# `sam deploy` as people use it: its own bucket, an application with an API, a machine and a function; changed, then deleted.
set -euo pipefail
sam=$("$(dirname "$0")/sam-tool")
export SAM_CLI_TELEMETRY=0
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
fail() { echo "$1" >&2; exit 1; }

mkdir hello machine
cat > hello/app.py <<'PY'
import os

def handler(event, context):
    name = (event.get("pathParameters") or {}).get("name") or event.get("name")
    said = f"{os.environ['GREETING']} {name}"
    return {"statusCode": 200, "body": said} if "httpMethod" in event else {"said": said}
PY
cat > machine/greet.asl.json <<'JSON'
{"StartAt": "Greet", "States": {"Greet": {"Type": "Task", "Resource": "${Hello}", "End": true}}}
JSON
cat > template.yaml <<'YAML'
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
Globals:
  Function: {Runtime: python3.12, Handler: app.handler, Timeout: 10}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Environment: {Variables: {GREETING: !Ref Greeting}}
      Events:
        Get: {Type: Api, Properties: {Path: "/hello/{name}", Method: get}}
  Greet:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine/greet.asl.json
      DefinitionSubstitutions: {Hello: !GetAtt Hello.Arn}
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Hello}}]
Outputs:
  Api: {Value: !Ref ServerlessRestApi}
  Machine: {Value: !Ref Greet}
YAML
deploy() {
  local status=0
  "$sam" deploy --stack-name greetings --resolve-s3 --capabilities CAPABILITY_IAM --no-confirm-changeset "$@" > said 2>&1 || status=$?
  [ "$status" -eq 0 ] || { cat said >&2; return "$status"; }
}
output() { aws cloudformation describe-stacks --stack-name greetings --query "Stacks[0].Outputs[?OutputKey==\`$1\`].OutputValue" --output text; }

deploy
grep -q 'Successfully created/updated stack - greetings' said
[ "$(curl -sS "$AWS_ENDPOINT_URL/restapis/$(output Api)/Prod/_user_request_/hello/you")" = 'hello you' ] || fail "the API doesn't greet"
execution=$(aws stepfunctions start-execution --state-machine-arn "$(output Machine)" --input '{"name": "me"}' --query executionArn --output text)
for _ in $(seq 100); do
  [ "$(aws stepfunctions describe-execution --execution-arn "$execution" --query status --output text)" = RUNNING ] || break
done
[ "$(aws stepfunctions describe-execution --execution-arn "$execution" --query output --output text)" = '{"said": "hello me"}' ] || fail "the machine doesn't greet"
deploy --parameter-overrides Greeting=welcome
[ "$(curl -sS "$AWS_ENDPOINT_URL/restapis/$(output Api)/Prod/_user_request_/hello/you")" = 'welcome you' ] || fail "the API doesn't welcome"
deploy --parameter-overrides Greeting=welcome --no-fail-on-empty-changeset
grep -q 'No changes to deploy' said
# What the functions have printed, and what the log groups have.
"$sam" logs --stack-name greetings --name Hello > said 2>&1 || { cat said >&2; exit 1; }
grep -q 'REPORT RequestId' said || { cat said >&2; fail "the function's log isn't there"; }
# Code goes past the stack, everything else through it.
sed -i "s/GREETING'\]}/GREETING'].upper()}/" hello/app.py
echo y | "$sam" sync --stack-name greetings --code --no-dependency-layer > said 2>&1 || { cat said >&2; exit 1; }
[ "$(curl -sS "$AWS_ENDPOINT_URL/restapis/$(output Api)/Prod/_user_request_/hello/you")" = 'WELCOME you' ] || { cat said >&2; fail "the code isn't synchronized"; }
sed -i 's/Timeout: 10/Timeout: 12/' template.yaml
echo y | "$sam" sync --stack-name greetings --no-watch --no-dependency-layer --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND > said 2>&1 || { cat said >&2; exit 1; }
grep -q 'Sync infra completed' said || { cat said >&2; fail "the stack isn't synchronized"; }
"$sam" list stack-outputs --stack-name greetings --output json | grep -q "$(output Api)"
"$sam" delete --stack-name greetings --no-prompts > said 2>&1 || { cat said >&2; exit 1; }
aws cloudformation describe-stacks --stack-name greetings 2> /dev/null && fail "the stack is still there"
echo "sam: ok"
