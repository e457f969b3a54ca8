import time


def handler(event, context):
    if "sleep" in event:
        time.sleep(event["sleep"])
    return event
