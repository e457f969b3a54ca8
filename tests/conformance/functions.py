"""The Lambda functions that recorded cases call: made before the cases run, as they were when AWS was recorded.

A case says which functions it needs and what they do. Some say it only by the names in their input; what those do follows
from the recorded answer, whose stack trace has the line that raised.
"""
import io
import json
import zipfile

ECHO = "def handler(event, context):\n    return event\n"
EXCEPTION = 'def handler(event, context):\n    raise Exception("Some exception was raised.")\n'
CUSTOM = '''class CustomException(Exception):
    message: str

    def __init__(self):
        self.message = "Some custom exception was raised."


def handler(event, context):
    raise CustomException()
'''


def answers(case):
    """[(input, output)] of the functions that a recorded history calls by their ARNs, one after the other."""
    found, scheduled = [], None
    for event in (case.get("expect") or {}).get("history") or ():
        if event["type"] == "LambdaFunctionScheduled":
            scheduled = event["lambdaFunctionScheduledEventDetails"].get("input")
        elif event["type"] == "LambdaFunctionSucceeded":
            found.append((scheduled, event["lambdaFunctionSucceededEventDetails"].get("output")))
    return found


def source(case, behaves):
    if behaves is None:
        recorded = json.dumps(case["expect"])
        behaves = next((f"error:{kind}:" for kind in ("CustomException", "Exception") if f"raise {kind}(" in recorded), "echo")
    if behaves == "echo":
        recorded = answers(case)
        if recorded and all(output == recorded[0][1] for _, output in recorded) and any(i != o for i, o in recorded):
            # The case says that it echoes; AWS recorded that it always says the same.
            return f"import json\ndef handler(event, context):\n    return json.loads({json.dumps(recorded[0][1])!r})\n"
        return ECHO
    return CUSTOM if behaves.startswith("error:CustomException") else EXCEPTION


def named(value):
    """Function names in an input, at any depth; whole ARNs too."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return
        if isinstance(value, str):
            return
    if isinstance(value, dict):
        for key, member in value.items():
            if key in ("FunctionName", "function_name") and isinstance(member, str):
                yield member.rsplit(":", 1)[-1]
            else:
                yield from named(member)
    elif isinstance(value, list):
        for member in value:
            yield from named(member)


def needed(cases):
    """{name: source} of all functions that `cases` call."""
    found = {}
    for case in cases:
        if "lambda" not in case.get("needs", ()):
            continue
        for function in case.get("lambdas") or ():
            found[function["name"]] = source(case, function["behaves"])
        if not case.get("lambdas"):
            inputs = [case.get("input"), case.get("params", {}).get("input")]
            inputs += [step.get("params", {}).get("input") for step in case.get("steps", ())]
            for name in named(inputs):
                if name.startswith("no_such"):
                    continue  # It is missed on purpose.
                found.setdefault(name, source(case, None))
    return found


def make(client, cases):
    """Makes every function that is not there yet."""
    for name, text in needed(cases).items():
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr("handler.py", text)
        try:
            client.create_function(FunctionName=name, Runtime="python3.12", Handler="handler.handler", Timeout=30,
                                   Role="arn:aws:iam::123456789012:role/lambda", Code={"ZipFile": archive.getvalue()})
        except client.exceptions.ResourceConflictException:
            pass
