#!/usr/bin/env bash
# `aws cloudformation deploy` as people use it: create, nothing to do, change, a change that fails, waiters, delete.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
fail() { echo "$1" >&2; exit 1; }

template() {
  cat <<YAML
Description: a machine and its role
Parameters:
  Seconds: {Type: Number, Default: 1}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: "sts:AssumeRole"}]
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
      DefinitionString: !Sub '$1'
Outputs:
  Machine: {Value: !Ref Machine}
YAML
}
template '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": ${Seconds}, "End": true}}}' > good.yaml
template '{"StartAt": "B", "States": {"A": {"Type": "Pass", "End": true}}}' > bad.yaml
# The CLI names a change set after the second in which it is made, so the next one begins in another.
deploy() {
  local status=0 ended
  aws cloudformation deploy --stack-name shop --template-file "$@" || status=$?
  ended=$(date +%s)
  while [ "$(date +%s)" -le "$ended" ]; do sleep 0.1; done
  return "$status"
}
value() { aws cloudformation describe-stacks --stack-name shop --query "$1" --output text; }

deploy good.yaml 2> refused && fail "deployed without capabilities"
grep -q 'InsufficientCapabilitiesException.*Requires capabilities : \[CAPABILITY_IAM\]' refused
deploy good.yaml --capabilities CAPABILITY_IAM --tags team=a | grep 'Successfully created/updated stack - shop' > /dev/null
[ "$(value 'Stacks[0].StackStatus')" = CREATE_COMPLETE ]
machine=$(value 'Stacks[0].Outputs[0].OutputValue')
deploy good.yaml --capabilities CAPABILITY_IAM --tags team=a --no-fail-on-empty-changeset 2>&1 | grep 'No changes to deploy. Stack shop is up to date' > /dev/null

deploy good.yaml --capabilities CAPABILITY_IAM --tags team=a --parameter-overrides Seconds=2 > /dev/null
[ "$(value 'Stacks[0].StackStatus')" = UPDATE_COMPLETE ]
aws stepfunctions describe-state-machine --state-machine-arn "$machine" --query definition --output text | grep '"Seconds": 2' > /dev/null
aws stepfunctions list-tags-for-resource --resource-arn "$machine" --output text | grep "team" > /dev/null

deploy bad.yaml --capabilities CAPABILITY_IAM --tags team=a 2> refused > /dev/null && fail "deployed what is no definition"
grep -q 'Failed to create/update the stack' refused
[ "$(value 'Stacks[0].StackStatus')" = UPDATE_ROLLBACK_COMPLETE ]
aws cloudformation describe-stack-events --stack-name shop --query 'StackEvents[?ResourceStatus==`UPDATE_FAILED`].ResourceStatusReason' --output text | grep 'InvalidDefinition' > /dev/null

deploy good.yaml --capabilities CAPABILITY_IAM --tags team=b --no-execute-changeset > /dev/null
set=$(aws cloudformation list-change-sets --stack-name shop --query 'Summaries[?ExecutionStatus==`AVAILABLE`].ChangeSetName' --output text)
[ "$(aws cloudformation describe-change-set --stack-name shop --change-set-name "$set" --query 'sort(Changes[].ResourceChange.LogicalResourceId)' --output text | tr '\t' ' ')" = 'Machine Role' ]
aws cloudformation delete-change-set --stack-name shop --change-set-name "$set"

aws cloudformation create-stack --stack-name second --template-body file://bad.yaml --capabilities CAPABILITY_IAM > /dev/null
aws cloudformation wait stack-create-complete --stack-name second 2> /dev/null && fail "made what is no definition"
[ "$(aws cloudformation describe-stacks --stack-name second --query 'Stacks[0].StackStatus' --output text)" = ROLLBACK_COMPLETE ]
aws cloudformation delete-stack --stack-name second
aws cloudformation wait stack-delete-complete --stack-name second
aws cloudformation delete-stack --stack-name shop
aws cloudformation wait stack-delete-complete --stack-name shop
aws stepfunctions describe-state-machine --state-machine-arn "$machine" 2> /dev/null && fail "the machine is still there"
echo "cloudformation deploy: ok"
