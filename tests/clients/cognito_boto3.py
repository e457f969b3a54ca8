#!/usr/bin/env python3
"""Cognito with boto3: an app signs people up and in, and gets credentials that call a deployed API; as guests, by roles of
rules and tokens, in the classic flow, and with a COGNITO_USER_POOLS authorizer."""
import base64
import hashlib
import hmac
import json
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ACCOUNT = "123456789012"
once = Config(retries={"max_attempts": 0})
owner = boto3.client("cognito-idp", config=once)
pools = boto3.client("cognito-identity", config=once)
app = boto3.client("cognito-idp", config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}))
guest = boto3.client("cognito-identity", config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}))
iam = boto3.client("iam")
gateway = boto3.client("apigateway")


def refused(code, call, **members):
    try:
        call(**members)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def logged_code(user, purpose):
    """The newest code in the server's log."""
    for _ in range(100):
        log = re.sub(r"\x1b\[[0-9;]*m", "", Path(os.environ["STEPGATE_LOG"]).read_text())
        found = [line for line in log.splitlines() if "the code for" in line and user in line and purpose in line]
        if found:
            return re.search(r"the code for \S+ is (\d{6})", found[-1]).group(1)
        time.sleep(0.05)
    raise AssertionError("no code was logged")


# An API with one method for signers and one for people with a token; both say who called.
SHOWN = {"who": "$context.identity.userArn", "identity": "$context.identity.cognitoIdentityId",
         "pool": "$context.identity.cognitoIdentityPoolId", "type": "$context.identity.cognitoAuthenticationType",
         "provider": "$context.identity.cognitoAuthenticationProvider", "email": "$context.authorizer.claims.email"}


def method(**more):
    return {"responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {
                "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
                "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": json.dumps(SHOWN)}}}},
            **more}


# --- a user pool, and people in it
pool = owner.create_user_pool(
    PoolName="people", UsernameAttributes=["email"], AutoVerifiedAttributes=["email"],
    Policies={"PasswordPolicy": {"MinimumLength": 8, "RequireSymbols": False}},
    Schema=[{"Name": "level", "AttributeDataType": "String", "Mutable": True}], UserPoolTags={"a": "b"})["UserPool"]
POOL, PROVIDER = pool["Id"], f"cognito-idp.us-east-1.amazonaws.com/{pool['Id']}"
made = owner.create_user_pool_client(
    UserPoolId=POOL, ClientName="app", GenerateSecret=True, PreventUserExistenceErrors="ENABLED",
    ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH",
                       "ALLOW_ADMIN_USER_PASSWORD_AUTH"])["UserPoolClient"]
CLIENT, SECRET = made["ClientId"], made["ClientSecret"]


def secret_hash(name):
    return base64.b64encode(hmac.new(SECRET.encode(), (name + CLIENT).encode(), hashlib.sha256).digest()).decode()


up = app.sign_up(ClientId=CLIENT, SecretHash=secret_hash("ann@example.com"), Username="ann@example.com",
                 Password="Password1", UserAttributes=[{"Name": "custom:level", "Value": "9"}])
assert up["UserConfirmed"] is False and up["CodeDeliveryDetails"]["Destination"] == "a***@e***", up
refused("NotAuthorizedException", app.sign_up, ClientId=CLIENT, Username="bob@example.com", Password="Password1")
refused("UsernameExistsException", app.sign_up, ClientId=CLIENT, SecretHash=secret_hash("ann@example.com"),
        Username="ann@example.com", Password="Password1")


def sign_in(name, password):
    parameters = {"USERNAME": name, "PASSWORD": password, "SECRET_HASH": secret_hash(name)}
    return app.initiate_auth(ClientId=CLIENT, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)


refused("UserNotConfirmedException", sign_in, name="ann@example.com", password="Password1")
code = logged_code(up["UserSub"], "SignUp")
refused("CodeMismatchException", app.confirm_sign_up, ClientId=CLIENT, SecretHash=secret_hash("ann@example.com"),
        Username="ann@example.com", ConfirmationCode="000000" if code != "000000" else "111111")
app.confirm_sign_up(ClientId=CLIENT, SecretHash=secret_hash("ann@example.com"), Username="ann@example.com", ConfirmationCode=code)
assert refused("NotAuthorizedException", sign_in, name="ann@example.com", password="Password2") == "Incorrect username or password."
assert refused("NotAuthorizedException", sign_in, name="nobody@example.com", password="Password2") == "Incorrect username or password."
tokens = sign_in("ann@example.com", "Password1")["AuthenticationResult"]
me = app.get_user(AccessToken=tokens["AccessToken"])
assert {it["Name"]: it["Value"] for it in me["UserAttributes"]} == {
    "sub": up["UserSub"], "email": "ann@example.com", "email_verified": "true", "custom:level": "9"}, me
print("people sign up, confirm their address and sign in")

# --- what a pool publishes
keys = json.load(urllib.request.urlopen(f"{ENDPOINT}/{POOL}/.well-known/jwks.json"))["keys"]
header = json.loads(base64.urlsafe_b64decode(tokens["IdToken"].split(".")[0] + "=="))
assert header["alg"] == "RS256" and header["kid"] in [key["kid"] for key in keys], (header, keys)
found = json.load(urllib.request.urlopen(f"{ENDPOINT}/{POOL}/.well-known/openid-configuration"))
assert found["issuer"] == f"https://{PROVIDER}" and found["jwks_uri"] == f"{ENDPOINT}/{POOL}/.well-known/jwks.json", found
print("pools publish their keys")

# --- the API
definition = {
    "openapi": "3.0.1", "info": {"title": "signed"},
    "components": {"securitySchemes": {"people": {
        "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [pool["Arn"]]}}}},
    "paths": {"/signed": {"get": method(**{"x-amazon-apigateway-auth": {"type": "AWS_IAM"}})},
              "/token": {"get": method(security=[{"people": []}])}},
}
api = gateway.import_rest_api(body=json.dumps(definition).encode(), failOnWarnings=True)["id"]
gateway.create_deployment(restApiId=api, stageName="dev")
STAGE = f"{ENDPOINT}/restapis/{api}/dev/_user_request_"


def call(path, credentials=None, headers={}):
    request = AWSRequest(method="GET", url=STAGE + path, headers=dict(headers))
    if credentials:
        key = Credentials(credentials["AccessKeyId"], credentials["SecretKey"], credentials["SessionToken"])
        SigV4Auth(key, "execute-api", "us-east-1").add_auth(request)
    prepared = request.prepare()
    try:
        with urllib.request.urlopen(urllib.request.Request(prepared.url, headers=dict(prepared.headers))) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


status, said = call("/token", headers={"Authorization": tokens["IdToken"]})
assert (status, said["email"]) == (200, "ann@example.com"), said
assert call("/token", headers={"Authorization": tokens["IdToken"][:-4] + "AAAA"})[0] == 401
assert call("/token", headers={"Authorization": tokens["AccessToken"]})[0] == 401
print("tokens open methods with COGNITO_USER_POOLS")

# --- an identity pool, its roles, and what they may call
identities = pools.create_identity_pool(
    IdentityPoolName="app", AllowUnauthenticatedIdentities=True, AllowClassicFlow=True, DeveloperProviderName="login.mine",
    CognitoIdentityProviders=[{"ProviderName": PROVIDER, "ClientId": CLIENT}])
IDENTITIES = identities["IdentityPoolId"]


def role(name, method_name, allowed=True):
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": IDENTITIES},
                      "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": method_name}}}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    if allowed:
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["execute-api:Invoke", "states:ListStateMachines", "iam:ListRoles"], "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return arn


roles = {"authenticated": role("Known", "authenticated"), "unauthenticated": role("Guest", "unauthenticated")}
pools.set_identity_pool_roles(IdentityPoolId=IDENTITIES, Roles=roles)
assert pools.get_identity_pool_roles(IdentityPoolId=IDENTITIES)["Roles"] == roles


def credentials(**logins):
    logins = {name.replace("__", "."): token for name, token in logins.items()}
    identity = guest.get_id(IdentityPoolId=IDENTITIES, Logins=logins)["IdentityId"]
    return guest.get_credentials_for_identity(IdentityId=identity, Logins=logins)


got = credentials()
status, said = call("/signed", got["Credentials"])
assert status == 200, said
assert said == {"who": f"arn:aws:sts::{ACCOUNT}:assumed-role/Guest/CognitoIdentityCredentials", "identity": got["IdentityId"],
                "pool": IDENTITIES, "type": "unauthenticated", "provider": "", "email": ""}, said
# Guests are bound to some services, whatever their role may.
session = boto3.Session(got["Credentials"]["AccessKeyId"], got["Credentials"]["SecretKey"], got["Credentials"]["SessionToken"])
refused("AccessDeniedException", session.client("stepfunctions").list_state_machines)

login = {PROVIDER: tokens["IdToken"]}
identity = guest.get_id(IdentityPoolId=IDENTITIES, Logins=login)["IdentityId"]
got = guest.get_credentials_for_identity(IdentityId=identity, Logins=login)
status, said = call("/signed", got["Credentials"])
assert (status, said["type"], said["identity"]) == (200, "authenticated", identity), said
assert said["provider"] == f"{PROVIDER},{PROVIDER}:CognitoSignIn:{up['UserSub']}", said
session = boto3.Session(got["Credentials"]["AccessKeyId"], got["Credentials"]["SecretKey"], got["Credentials"]["SessionToken"])
assert session.client("stepfunctions").list_state_machines()["stateMachines"] == []
refused("NotAuthorizedException", guest.get_credentials_for_identity, IdentityId=identity)
refused("NotAuthorizedException", guest.get_id, IdentityPoolId=IDENTITIES, Logins={PROVIDER: tokens["AccessToken"]})
refused("NotAuthorizedException", guest.get_id, IdentityPoolId=IDENTITIES, Logins={"graph.facebook.com": "x"})
print("guests and known people get credentials that call the API")

# --- roles by rules and by tokens
quiet = role("Quiet", "authenticated", allowed=False)
rules = {"Rules": [{"Claim": "custom:level", "MatchType": "Equals", "Value": "9", "RoleARN": quiet}]}
mapping = {f"{PROVIDER}:{CLIENT}": {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": rules}}
pools.set_identity_pool_roles(IdentityPoolId=IDENTITIES, Roles=roles, RoleMappings=mapping)
got = guest.get_credentials_for_identity(IdentityId=identity, Logins=login)
status, said = call("/signed", got["Credentials"])
assert status == 403 and "assumed-role/Quiet/CognitoIdentityCredentials is not authorized" in said["Message"], said
owner.create_group(UserPoolId=POOL, GroupName="known", RoleArn=roles["authenticated"])
owner.admin_add_user_to_group(UserPoolId=POOL, Username="ann@example.com", GroupName="known")
mapping = {f"{PROVIDER}:{CLIENT}": {"Type": "Token", "AmbiguousRoleResolution": "Deny"}}
pools.set_identity_pool_roles(IdentityPoolId=IDENTITIES, Roles=roles, RoleMappings=mapping)
refused("NotAuthorizedException", guest.get_credentials_for_identity, IdentityId=identity, Logins=login)
fresh = app.initiate_auth(ClientId=CLIENT, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={
    "REFRESH_TOKEN": tokens["RefreshToken"], "SECRET_HASH": secret_hash(up["UserSub"])})["AuthenticationResult"]
login = {PROVIDER: fresh["IdToken"]}
got = guest.get_credentials_for_identity(IdentityId=identity, Logins=login, CustomRoleArn=roles["authenticated"])
assert call("/signed", got["Credentials"])[0] == 200
print("rules and tokens choose roles")

# --- developers' own logins, and the classic flow
vouched = pools.get_open_id_token_for_developer_identity(IdentityPoolId=IDENTITIES, Logins={"login.mine": "carol"})
own = {"cognito-identity.amazonaws.com": vouched["Token"]}
got = guest.get_credentials_for_identity(IdentityId=vouched["IdentityId"], Logins=own)
status, said = call("/signed", got["Credentials"])
assert said["provider"] == f"login.mine,login.mine:{IDENTITIES}:carol", said
token = guest.get_open_id_token(IdentityId=identity, Logins=login)["Token"]
assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["aud"] == IDENTITIES
# Whoever has the token has the role, without a key.
sts = boto3.client("sts", config=once)
took = {"RoleArn": roles["authenticated"], "RoleSessionName": "classic", "WebIdentityToken": token}
got = sts.assume_role_with_web_identity(**took)
assert (got["SubjectFromWebIdentityToken"], got["Audience"]) == (identity, IDENTITIES), got
assert got["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Known/classic", got
key = {**got["Credentials"], "SecretKey": got["Credentials"]["SecretAccessKey"]}
assert call("/signed", key)[0] == 200
refused("AccessDenied", sts.assume_role_with_web_identity, **{**took, "RoleArn": roles["unauthenticated"]})
for bad in (token[:-4] + "AAAA", token.rsplit(".", 1)[0] + ".", tokens["AccessToken"]):
    refused("InvalidIdentityToken", sts.assume_role_with_web_identity, **{**took, "WebIdentityToken": bad})
print("developers vouch for their users, and tokens stand for roles")

# --- the rest of an account's life
app.change_password(AccessToken=fresh["AccessToken"], PreviousPassword="Password1", ProposedPassword="Password3")
app.forgot_password(ClientId=CLIENT, SecretHash=secret_hash("ann@example.com"), Username="ann@example.com")
app.confirm_forgot_password(ClientId=CLIENT, SecretHash=secret_hash("ann@example.com"), Username="ann@example.com",
                            ConfirmationCode=logged_code(up["UserSub"], "ForgotPassword"), Password="Password4")
fresh = sign_in("ann@example.com", "Password4")["AuthenticationResult"]
app.global_sign_out(AccessToken=fresh["AccessToken"])
assert refused("NotAuthorizedException", app.get_user, AccessToken=fresh["AccessToken"]) == "Access Token has been revoked"
users = owner.list_users(UserPoolId=POOL, Filter='email = "ann@example.com"')["Users"]
assert [user["Username"] for user in users] == [up["UserSub"]], users
answer = owner.admin_initiate_auth(UserPoolId=POOL, ClientId=CLIENT, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters={
    "USERNAME": "ann@example.com", "PASSWORD": "Password4", "SECRET_HASH": secret_hash("ann@example.com")})
assert answer["AuthenticationResult"]["TokenType"] == "Bearer", answer
owner.admin_delete_user(UserPoolId=POOL, Username="ann@example.com")
for operation, members in (("create_user_pool_domain", {"UserPoolId": POOL, "Domain": "d"}),
                           ("associate_software_token", {"AccessToken": fresh["AccessToken"]})):
    assert "not supported" in refused("UnsupportedOperationException", getattr(owner, operation), **members)
pages = owner.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 1})
assert POOL in [it["Id"] for page in pages for it in page["UserPools"]]
pools.delete_identity_pool(IdentityPoolId=IDENTITIES)
owner.delete_user_pool(UserPoolId=POOL)
assert call("/token", headers={"Authorization": tokens["IdToken"]})[0] == 401
print("accounts and pools end")
