import os


def hello(event, context):
    name = (event.get("pathParameters") or {}).get("name") or event.get("name")
    said = f"{os.environ['GREETING']} {name}"
    return {"statusCode": 200, "body": said} if "httpMethod" in event else {"said": said}


def authorize(event, context):
    effect = "Allow" if event["authorizationToken"] == "please" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "you", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
