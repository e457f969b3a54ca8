"""Charges an order: a state machine calls it."""

import os

LIMIT = int(os.environ["LIMIT"])


class CardDeclined(Exception):
    """What the state machine catches by its name."""


def handler(event, context):
    total = sum(item["price"] * item["quantity"] for item in event["items"])
    print(f"charging {event['customer']} {total}")
    if total > LIMIT:
        raise CardDeclined(f"{total} is more than {LIMIT}")
    return {"customer": event["customer"], "total": total}
