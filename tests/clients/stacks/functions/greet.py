import os


def handler(event, context):
    return {"statusCode": 200, "body": f"{os.environ['GREETING']} {event['pathParameters']['name']}"}
