#!/usr/bin/env python3
"""Policies of buckets decide with those of whoever calls: they let in a role that may nothing, and keep out one that may all."""

import json

import boto3
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
iam, sts, s3 = boto3.client("iam"), boto3.client("sts"), boto3.client("s3")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def role(name, *statements):
    trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="caller")["Credentials"]
    client = boto3.client("s3", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                          aws_session_token=keys["SessionToken"])
    return arn, client


def refusal(call, **input):
    try:
        call(**input)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError(f"{call.__name__} was not refused")


s3.create_bucket(Bucket="guarded")
s3.put_object(Bucket="guarded", Key="a", Body=b"x")
nobody, theirs = role("nobody")
everybody, all_theirs = role("everybody", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
code, message = refusal(theirs.get_object, Bucket="guarded", Key="a")
assert code == "AccessDenied" and "no identity-based policy allows the s3:GetObject action" in message, message

s3.put_bucket_policy(Bucket="guarded", Policy=document(
    {"Effect": "Allow", "Principal": {"AWS": nobody}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::guarded/*"},
    {"Effect": "Deny", "Principal": {"AWS": everybody}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::guarded/*"},
    # Every bucket of the CDK's says so.
    {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::guarded", "arn:aws:s3:::guarded/*"],
     "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
))
assert theirs.get_object(Bucket="guarded", Key="a")["Body"].read() == b"x"
assert refusal(theirs.list_objects_v2, Bucket="guarded")[0] == "AccessDenied"
assert all_theirs.get_object(Bucket="guarded", Key="a")["Body"].read() == b"x"
code, message = refusal(all_theirs.put_object, Bucket="guarded", Key="a", Body=b"y")
assert code == "AccessDenied" and "with an explicit deny in a resource-based policy" in message, message
s3.put_object(Bucket="guarded", Key="a", Body=b"the account itself may")

s3.delete_bucket_policy(Bucket="guarded")
assert refusal(theirs.get_object, Bucket="guarded", Key="a")[0] == "AccessDenied"
all_theirs.put_object(Bucket="guarded", Key="a", Body=b"y")
print("bucket policies: ok")
