#!/usr/bin/env bash
# Templates and packages through a bucket, as `aws cloudformation package` and `deploy` send them, and parameters.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
fail() { echo "$1" >&2; exit 1; }

mkdir code
cat > code/index.py <<'PY'
def handler(event, context):
    return {"hello": event["name"]}
PY
cat > machine.json <<'JSON'
{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Function}", "End": true}}}
JSON
cat > template.yaml <<'YAML'
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.11, Handler: index.handler, CodeUri: code}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.json
      DefinitionSubstitutions: {Function: !GetAtt Function.Arn}
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Function}}]
Outputs:
  Machine: {Value: !Ref Machine}
YAML
aws s3 mb s3://artifacts > /dev/null
aws cloudformation package --template-file template.yaml --s3-bucket artifacts --output-template-file packaged.yaml > /dev/null
grep -q 's3://artifacts/' packaged.yaml
aws cloudformation deploy --stack-name packaged --template-file packaged.yaml --s3-bucket artifacts --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND > /dev/null
machine=$(aws cloudformation describe-stacks --stack-name packaged --query 'Stacks[0].Outputs[0].OutputValue' --output text)
execution=$(aws stepfunctions start-execution --state-machine-arn "$machine" --input '{"name": "you"}' --query executionArn --output text)
for _ in $(seq 100); do
  [ "$(aws stepfunctions describe-execution --execution-arn "$execution" --query status --output text)" = RUNNING ] || break
done
[ "$(aws stepfunctions describe-execution --execution-arn "$execution" --query output --output text)" = '{"hello": "you"}' ] || fail "the packaged function didn't answer"
aws cloudformation delete-stack --stack-name packaged
aws cloudformation wait stack-delete-complete --stack-name packaged

aws ssm put-parameter --name /app/limit --type String --value 5 > /dev/null
aws ssm put-parameter --name /app/secret --type SecureString --value hush > /dev/null
[ "$(aws ssm get-parameters-by-path --path /app --with-decryption --query 'Parameters[].Value' --output text | tr '\t' ' ')" = '5 hush' ]
[ "$(aws ssm get-parameter --name /app/secret --query Parameter.Value --output text)" != hush ]
aws ssm describe-parameters --query 'Parameters[].Name' --output text | grep /app/secret > /dev/null
aws ssm delete-parameters --names /app/limit /app/secret > /dev/null
echo "packages: ok"
