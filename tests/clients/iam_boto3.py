#!/usr/bin/env python3
"""IAM by boto3: users and their keys, groups, policies with versions, boundaries, simulation, limits and AWS's errors."""
import json

import boto3
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
iam = boto3.client("iam")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def error_of(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("the call was let in")


def code_of(call, **parameters):
    return error_of(call, **parameters)[0]


def of(key):
    return boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")


def may(session, service="stepfunctions", call="list_state_machines"):
    try:
        getattr(session.client(service), call)()
        return True
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied"), error
        return False


# Users, with paths and paging.
ann = iam.create_user(UserName="ann", Path="/app/", Tags=[{"Key": "team", "Value": "blue"}])["User"]
assert ann["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/app/ann" and ann["UserId"].startswith("AIDA"), ann
assert error_of(iam.create_user, UserName="ANN") == ("EntityAlreadyExists", "User with name ANN already exists.")
assert error_of(iam.get_user, UserName="bob") == ("NoSuchEntity", "The user with name bob cannot be found.")
for n in range(5):
    iam.create_user(UserName=f"many-{n}")
pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
names = [user["UserName"] for page in pages for user in page["Users"]]
assert names == ["ann"] + [f"many-{n}" for n in range(5)], names
assert [user["UserName"] for user in iam.list_users(PathPrefix="/app/")["Users"]] == ["ann"]

# Keys sign at once, and no longer once they are inactive or deleted.
key = iam.create_access_key(UserName="ann")["AccessKey"]
session = of(key)
assert session.client("sts").get_caller_identity()["Arn"] == ann["Arn"]
assert not may(session)
iam.put_user_policy(UserName="ann", PolicyName="states", PolicyDocument=document(allow("states:List*")))
assert may(session)
assert session.client("iam").list_access_keys is not None
second = iam.create_access_key(UserName="ann")["AccessKey"]
assert error_of(iam.create_access_key, UserName="ann") == ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
assert code_of(session.client("sts").get_caller_identity) == "InvalidClientTokenId"
assert {it["AccessKeyId"]: it["Status"] for it in iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]} == {
    key["AccessKeyId"]: "Inactive", second["AccessKeyId"]: "Active"}
iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Active")
assert may(session)
iam.delete_access_key(UserName="ann", AccessKeyId=second["AccessKeyId"])
assert code_of(of(second).client("sts").get_caller_identity) == "InvalidClientTokenId"

# Groups.
iam.create_group(GroupName="readers")
iam.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
assert not may(session, "iam", "list_roles")
iam.add_user_to_group(GroupName="readers", UserName="ann")
assert may(session, "iam", "list_roles")
assert session.client("iam").get_user()["User"]["UserName"] == "ann"
assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="ann")["Groups"]] == ["readers"]
assert [user["UserName"] for user in iam.get_group(GroupName="readers")["Users"]] == ["ann"]
assert code_of(iam.delete_group, GroupName="readers") == "DeleteConflict"
iam.update_group(GroupName="readers", NewGroupName="auditors")
assert may(session, "iam", "list_roles")
iam.remove_user_from_group(GroupName="auditors", UserName="ann")
assert not may(session, "iam", "list_roles")

# Tags and names are the caller's own, in policies.
iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document(
    allow("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"),
    allow("states:ListActivities", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})))
assert session.client("iam").get_user(UserName="ann")
assert code_of(session.client("iam").get_user, UserName="many-1") == "AccessDenied"
iam.delete_user_policy(UserName="ann", PolicyName="states")
assert may(session, call="list_activities")
iam.tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "red"}])
assert not may(session, call="list_activities")
iam.untag_user(UserName="ann", TagKeys=["team"])
assert iam.list_user_tags(UserName="ann")["Tags"] == []

# Managed policies and their versions.
policy = iam.create_policy(PolicyName="p", Path="/own/", PolicyDocument=document(allow("states:List*")))["Policy"]
arn = policy["Arn"]
assert arn == f"arn:aws:iam::{ACCOUNT}:policy/own/p" and policy["DefaultVersionId"] == "v1"
iam.attach_user_policy(UserName="ann", PolicyArn=arn)
assert may(session)
for n in range(2, 6):
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow(f"sqs:{n}*")), SetAsDefault=n == 3)
    assert made["PolicyVersion"]["VersionId"] == f"v{n}"
assert not may(session)
assert error_of(iam.create_policy_version, PolicyArn=arn, PolicyDocument=document()) == (
    "LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
    "existing version.")
assert code_of(iam.delete_policy_version, PolicyArn=arn, VersionId="v3") == "DeleteConflict"
assert code_of(iam.get_policy_version, PolicyArn=arn, VersionId="v9") == "NoSuchEntity"
iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
assert may(session)
iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
versions = [it["VersionId"] for it in iam.list_policy_versions(PolicyArn=arn)["Versions"]]
assert versions == ["v5", "v4", "v3", "v1"], versions
assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=document())["PolicyVersion"]["VersionId"] == "v6"
first = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
assert first["IsDefaultVersion"] and first["Document"]["Statement"][0]["Action"] == "states:List*"
entities = iam.list_entities_for_policy(PolicyArn=arn)
assert [it["UserName"] for it in entities["PolicyUsers"]] == ["ann"] and entities["PolicyRoles"] == []
assert code_of(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
local = iam.list_policies(Scope="Local")["Policies"]
assert [(it["PolicyName"], it["AttachmentCount"]) for it in local] == [("p", 1)]
known = iam.get_paginator("list_policies").paginate(Scope="AWS")
assert 60 <= sum(len(page["Policies"]) for page in known)
aws = "arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess"
version = iam.get_policy(PolicyArn=aws)["Policy"]["DefaultVersionId"]
assert iam.get_policy_version(PolicyArn=aws, VersionId=version)["PolicyVersion"]["Document"]["Statement"]
assert code_of(iam.create_policy_version, PolicyArn=aws, PolicyDocument=document()) == "AccessDenied"

# A boundary takes away and grants nothing.
bound = iam.create_policy(PolicyName="bound", PolicyDocument=document(allow("iam:*")))["Policy"]["Arn"]
iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=bound)
assert not may(session)
assert iam.get_user(UserName="ann")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == bound
assert iam.get_policy(PolicyArn=bound)["Policy"]["PermissionsBoundaryUsageCount"] == 1
assert code_of(iam.delete_policy, PolicyArn=bound) == "DeleteConflict"

# Simulation says what is decided, and by which statement.
simulated = iam.simulate_principal_policy(
    PolicySourceArn=ann["Arn"], ActionNames=["states:ListActivities", "sqs:SendMessage"])["EvaluationResults"]
assert [it["EvalDecision"] for it in simulated] == ["implicitDeny", "implicitDeny"]
assert simulated[0]["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
iam.delete_user_permissions_boundary(UserName="ann")
simulated = iam.simulate_principal_policy(
    PolicySourceArn=ann["Arn"], ActionNames=["states:ListActivities"],
    PolicyInputList=[document({"Effect": "Deny", "Action": "states:*", "Resource": "*"})])["EvaluationResults"][0]
assert simulated["EvalDecision"] == "explicitDeny"
assert simulated["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"
conditional = document(allow("s3:GetObject", Condition={"StringEquals": {"s3:prefix": "a"}}))
custom = iam.simulate_custom_policy(
    PolicyInputList=[conditional], ActionNames=["s3:GetObject"], ResourceArns=["arn:aws:s3:::b/k"])["EvaluationResults"][0]
assert (custom["EvalDecision"], custom["MissingContextValues"]) == ("implicitDeny", ["s3:prefix"])
custom = iam.simulate_custom_policy(
    PolicyInputList=[conditional], ActionNames=["s3:GetObject"], ContextEntries=[
        {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["a"], "ContextKeyType": "string"}])["EvaluationResults"][0]
assert custom["EvalDecision"] == "allowed", custom
assert iam.get_context_keys_for_custom_policy(PolicyInputList=[conditional])["ContextKeyNames"] == ["s3:prefix"]

# Roles: boundary, description, profiles.
trust = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
iam.update_role(RoleName="r", Description="d", MaxSessionDuration=7200)
iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=bound)
role = iam.get_role(RoleName="r")["Role"]
assert (role["Description"], role["MaxSessionDuration"]) == ("d", 7200)
assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == bound
iam.create_instance_profile(InstanceProfileName="i")
iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
assert [it["InstanceProfileName"] for it in iam.list_instance_profiles_for_role(RoleName="r")["InstanceProfiles"]] == ["i"]
assert code_of(iam.delete_role, RoleName="r") == "DeleteConflict"
assert code_of(iam.delete_instance_profile, InstanceProfileName="i") == "DeleteConflict"
iam.remove_role_from_instance_profile(InstanceProfileName="i", RoleName="r")
iam.delete_instance_profile(InstanceProfileName="i")

# What is no policy is refused, and what is too large.
for bad, message in [
    ("{", "Syntax errors in policy."),
    ("[]", "Syntax errors in policy."),
    (json.dumps({"Statement": [{"Effect": "Allow", "Resource": "*"}]}), "Policy statement must contain actions."),
    (json.dumps({"Statement": [{"Effect": "Allow", "Action": "a:b"}]}), "Policy statement must contain resources."),
    (document(allow("nothing")), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    (document({**allow("a:b"), "Principal": "*"}), "Policy document should not specify a principal."),
    (document(allow("a:b", "arn:aws:s3:::${aws:username")), "Syntax errors in policy."),
    (document(allow("a:b", Condition={"StringNearly": {"a:b": "c"}})), "Syntax errors in policy."),
]:
    for call, more in [(iam.put_user_policy, {"UserName": "ann", "PolicyName": "bad"}), (iam.create_policy, {"PolicyName": "bad"})]:
        assert error_of(call, PolicyDocument=bad, **more) == ("MalformedPolicyDocument", message), (bad, more)
assert code_of(iam.update_assume_role_policy, RoleName="r", PolicyDocument="{") == "MalformedPolicyDocument"
# A variable that names a variable is refused or is one that nobody has; nothing is resolved twice.
assert code_of(iam.put_user_policy, UserName="ann", PolicyName="own", PolicyDocument=document(
    allow("states:*", "${aws:missing, '${aws:username}'}"))) == "MalformedPolicyDocument"
iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document(allow("states:*", "${${aws:username}}")))
iam.detach_user_policy(UserName="ann", PolicyArn=arn)
assert not may(session)
large = document(*[allow("a:b", "arn:aws:s3:::" + "x" * 600) for _ in range(3)])
iam.put_user_policy(UserName="ann", PolicyName="large", PolicyDocument=document(allow("a:b", "x" * 1500)))
assert code_of(iam.put_user_policy, UserName="ann", PolicyName="larger", PolicyDocument=large) == "LimitExceeded"
iam.create_policy(PolicyName="fits", PolicyDocument=document(allow("a:b", "x" * 6000)))
assert error_of(iam.create_policy, PolicyName="large", PolicyDocument=document(allow("a:b", "x" * 6144))) == (
    "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")

# Everything at once.
details = iam.get_account_authorization_details(Filter=["User", "Group", "LocalManagedPolicy"])
assert {user["UserName"] for user in details["UserDetailList"]} == {"ann", *(f"many-{n}" for n in range(5))}
assert details["RoleDetailList"] == [] and details["GroupDetailList"][0]["GroupName"] == "auditors"
assert {len(it["PolicyVersionList"]) for it in details["Policies"]} == {5, 1}
pages = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 3})
assert 10 <= sum(len(page[name]) for page in pages
                 for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"))

# A user that is renamed keeps its keys; one that has something can't be deleted.
iam.update_user(UserName="ann", NewUserName="anna", NewPath="/")
assert session.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/anna"
assert code_of(iam.delete_user, UserName="anna") == "DeleteConflict"
for name in iam.list_user_policies(UserName="anna")["PolicyNames"]:
    iam.delete_user_policy(UserName="anna", PolicyName=name)
assert error_of(iam.delete_user, UserName="anna") == (
    "DeleteConflict", "Cannot delete entity, must delete access keys first.")
iam.delete_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"])
iam.delete_user(UserName="anna")
assert code_of(session.client("sts").get_caller_identity) == "InvalidClientTokenId"
print("ok")
