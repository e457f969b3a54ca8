"""Decides who may order: whoever has the token of TOKENS."""

import os

# TOKENS is "token=name,token=name".
NAMES = dict(pair.split("=", 1) for pair in os.environ["TOKENS"].split(","))


def handler(event, context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    if token not in NAMES:
        # This very text makes it a 401.
        raise Exception("Unauthorized")
    # All methods of the stage: the answer is kept for other methods, too.
    api, stage = event["methodArn"].split("/")[:2]
    allow = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"}
    return {
        "principalId": NAMES[token],
        "policyDocument": {"Version": "2012-10-17", "Statement": [allow]},
        "context": {"customer": NAMES[token]},
    }
