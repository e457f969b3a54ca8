#!/usr/bin/env bash
# The tutorial by hand, with the AWS CLI: role, API, method, integration, test call, deployment, curl, and
# everything about the executions, until all is deleted again.
set -euo pipefail

fail() { echo "FAILED: $*" >&2; exit 1; }
# expect WHAT WANTED GOT
expect() { [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"; }
# refused WANTED COMMAND…: the command must fail, naming WANTED
refused() {
  local wanted=$1 said
  shift
  if said=$("$@" 2>&1); then fail "$* was not refused"; fi
  case $said in *"$wanted"*) ;; *) fail "$*: wanted $wanted, got $said" ;; esac
}
member() { python3 -c 'import json, sys; d = json.load(sys.stdin)
for k in sys.argv[1].split("."): d = d[int(k)] if isinstance(d, list) else d[k]
print(d if isinstance(d, str) else json.dumps(d))' "$1"; }

trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["apigateway.amazonaws.com","states.amazonaws.com"]},"Action":"sts:AssumeRole"}]}'
role=$(aws iam create-role --role-name CliRole --assume-role-policy-document "$trust" --query Role.Arn --output text)
expect "role ARN" arn:aws:iam::123456789012:role/CliRole "$role"
managed=arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess
aws iam attach-role-policy --role-name CliRole --policy-arn $managed
expect "attached policy" AWSStepFunctionsFullAccess \
  "$(aws iam list-attached-role-policies --role-name CliRole --query 'AttachedPolicies[0].PolicyName' --output text)"

definition='{"StartAt":"Hold","States":{"Hold":{"Type":"Wait","SecondsPath":"$.seconds","Next":"Done"},"Done":{"Type":"Pass","Result":"Hello World!","End":true}}}'
machine=$(aws stepfunctions create-state-machine --name CliMachine --definition "$definition" --role-arn "$role" --query stateMachineArn --output text)
expect "state machine ARN" arn:aws:states:us-east-1:123456789012:stateMachine:CliMachine "$machine"

api=$(aws apigateway create-rest-api --name CliAPI --query id --output text)
root=$(aws apigateway get-resources --rest-api-id "$api" --query 'items[0].id' --output text)
resource=$(aws apigateway create-resource --rest-api-id "$api" --parent-id "$root" --path-part execution --query id --output text)
on="--rest-api-id $api --resource-id $resource --http-method POST"
# shellcheck disable=SC2086 # words on purpose
{
aws apigateway put-method $on --authorization-type NONE > /dev/null
aws apigateway put-integration $on --type AWS --integration-http-method POST \
  --uri arn:aws:apigateway:us-east-1:states:action/StartExecution --credentials "$role" > /dev/null
aws apigateway put-method-response $on --status-code 200 > /dev/null
aws apigateway put-integration-response $on --status-code 200 --selection-pattern "" > /dev/null

body() { printf '{"input": "{\\"seconds\\": %s}", "name": "%s", "stateMachineArn": "%s"}' "$2" "$1" "$machine"; }
tested=$(aws apigateway test-invoke-method $on --path-with-query-string /execution --body "$(body Tested 0)")
}
expect "test-invoke status" 200 "$(member status <<< "$tested")"
case $(member log <<< "$tested") in *"Method completed with status: 200"*) ;; *) fail "test-invoke log: $tested" ;; esac
expect "tested execution" arn:aws:states:us-east-1:123456789012:execution:CliMachine:Tested \
  "$(member body <<< "$tested" | member executionArn)"

aws apigateway create-deployment --rest-api-id "$api" --stage-name cli > /dev/null
start() { curl -s -X POST -d "$(body "$1" "$2")" "$3"; }
arn=arn:aws:states:us-east-1:123456789012:execution:CliMachine
host=${AWS_ENDPOINT_URL#http://}
by_stage=$AWS_ENDPOINT_URL/cli/execution
by_path=$AWS_ENDPOINT_URL/restapis/$api/cli/_user_request_/execution
expect "by stage" $arn:One "$(start One 60 "$by_stage" | member executionArn)"
expect "by path" $arn:Two "$(start Two 0 "$by_path" | member executionArn)"
by_host=$(curl -s --resolve "$api.execute-api.localhost:${host#*:}:127.0.0.1" -X POST -d "$(body Three 0)" \
  "http://$api.execute-api.localhost:${host#*:}/cli/execution" | member executionArn)
expect "by host" $arn:Three "$by_host"

# The same name and input while it runs is the same execution; another input is refused.
expect "idempotent" $arn:One "$(start One 60 "$by_stage" | member executionArn)"
case $(start One 61 "$by_stage") in *ExecutionAlreadyExists*) ;; *) fail "another input was not refused" ;; esac

expect "running" RUNNING "$(aws stepfunctions describe-execution --execution-arn $arn:One --query status --output text)"
aws stepfunctions stop-execution --execution-arn $arn:One --error Stop --cause "by hand" > /dev/null
expect "aborted" ABORTED "$(aws stepfunctions describe-execution --execution-arn $arn:One --query status --output text)"
refused ExecutionAlreadyExists aws stepfunctions start-execution --state-machine-arn "$machine" --name One --input '{"seconds": 60}'

direct=$(aws stepfunctions start-execution --state-machine-arn "$machine" --name Direct --input '{"seconds": 0}' --query executionArn --output text)
for _ in $(seq 100); do
  status=$(aws stepfunctions describe-execution --execution-arn "$direct" --query status --output text)
  [ "$status" = RUNNING ] || break
done
expect "ended" SUCCEEDED "$status"
expect "history" "ExecutionStarted WaitStateEntered WaitStateExited PassStateEntered PassStateExited ExecutionSucceeded" \
  "$(aws stepfunctions get-execution-history --execution-arn "$direct" --query 'events[].type' --output text | tr '\t' ' ')"
expect "aborted list" $arn:One "$(aws stepfunctions list-executions --state-machine-arn "$machine" --status-filter ABORTED --query 'executions[0].executionArn' --output text)"

aws apigateway delete-stage --rest-api-id "$api" --stage-name cli
aws apigateway delete-rest-api --rest-api-id "$api"
refused NotFoundException aws apigateway get-rest-api --rest-api-id "$api"
aws stepfunctions delete-state-machine --state-machine-arn "$machine"
refused StateMachineDoesNotExist aws stepfunctions describe-state-machine --state-machine-arn "$machine"
refused DeleteConflict aws iam delete-role --role-name CliRole
aws iam detach-role-policy --role-name CliRole --policy-arn $managed
aws iam delete-role --role-name CliRole
refused NoSuchEntity aws iam get-role --role-name CliRole

# A wrong secret is refused as AWS refuses it, whatever the protocol.
export AWS_SECRET_ACCESS_KEY=wrong
refused InvalidSignatureException aws stepfunctions list-state-machines
refused InvalidSignatureException aws apigateway get-rest-apis
refused SignatureDoesNotMatch aws iam list-roles
echo "the tutorial works with $(aws --version 2>&1 | cut -d' ' -f1)"
