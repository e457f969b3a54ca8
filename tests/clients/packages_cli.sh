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

# What templates make of buckets, parameters and log groups.
aws ssm put-parameter --name /app/limit --type String --value 5 > /dev/null
cat > kept.yaml <<'YAML'
Parameters:
  Limit: {Type: "AWS::SSM::Parameter::Value<String>", Default: /app/limit}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true}
      Tags: [{Key: a, Value: b}]
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument: {Version: "2012-10-17", Statement: []}
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: /app/copied, Type: String, Value: !Sub "${Limit} {{resolve:ssm:/app/limit}}"}
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /app/logs, RetentionInDays: 7}
Outputs:
  Bucket: {Value: !Ref Bucket}
YAML
aws cloudformation deploy --stack-name kept --template-file kept.yaml > /dev/null
bucket=$(aws cloudformation describe-stacks --stack-name kept --query 'Stacks[0].Outputs[0].OutputValue' --output text)
[ "$(aws s3api get-bucket-tagging --bucket "$bucket" --query 'TagSet[0].Value' --output text)" = b ]
[ "$(aws ssm get-parameter --name /app/copied --query Parameter.Value --output text)" = '5 5' ]
sed -i 's/RetentionInDays: 7/RetentionInDays: 14/; s/Value: b/Value: c/' kept.yaml
aws cloudformation deploy --stack-name kept --template-file kept.yaml > /dev/null
[ "$(aws s3api get-bucket-tagging --bucket "$bucket" --query 'TagSet[0].Value' --output text)" = c ]
[ "$(aws logs describe-log-groups --query 'logGroups[?logGroupName==`/app/logs`].retentionInDays' --output text)" = 14 ]
aws logs create-log-stream --log-group-name /app/logs --log-stream-name s
aws logs put-log-events --log-group-name /app/logs --log-stream-name s --log-events "timestamp=$(date +%s)000,message=hello" > /dev/null
[ "$(aws logs filter-log-events --log-group-name /app/logs --query 'events[].message' --output text)" = hello ]
aws cloudformation delete-stack --stack-name kept
aws cloudformation wait stack-delete-complete --stack-name kept
aws s3api head-bucket --bucket "$bucket" 2> /dev/null && fail "the bucket is still there"
echo "packages: ok"
