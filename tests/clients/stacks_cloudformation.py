#!/usr/bin/env python3
"""Five stacks with `aws cloudformation`, at one time: packaged, deployed, called, compared, changed and deleted."""

import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "stacks"))
from checks import ALL, nothing_left, outputs, run  # noqa: E402

import boto3  # noqa: E402


def live(name):
    """The whole life of one stack. The CLI mostly sleeps: it asks every half a minute whether a stack is done."""
    check, stacks = ALL[name], boto3.client("cloudformation")
    with tempfile.TemporaryDirectory() as work:
        template = Path(work) / f"{name}.yaml"
        package = ["--template-file", HERE / "stacks" / "cloudformation" / f"{name}.yaml", "--s3-bucket", "packages"]
        run(["aws", "cloudformation", "package", *package, "--output-template-file", template])

        def deploy(greeting, *more):
            # The CLI names a change set after the second in which it is made: the next one begins in another.
            begun = int(time.time())
            while int(time.time()) == begun:
                time.sleep(0.05)
            command = ["aws", "cloudformation", "deploy", "--stack-name", name, "--template-file", template]
            return run([*command, "--capabilities", "CAPABILITY_IAM", "--parameter-overrides", f"Greeting={greeting}", *more])

        deploy("hello")
        check(outputs(name), "hello")
        assert "No changes to deploy" in deploy("hello", "--no-fail-on-empty-changeset"), name
        deploy("welcome", "--no-execute-changeset")
        change_set = stacks.list_change_sets(StackName=name)["Summaries"][0]["ChangeSetId"]
        changes = stacks.describe_change_set(ChangeSetName=change_set)["Changes"]
        assert changes, name
        check(outputs(name), "hello")
        deploy("welcome")
        check(outputs(name), "welcome")
        stacks.delete_stack(StackName=name)
        stacks.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def main():
    boto3.client("s3").create_bucket(Bucket="packages")
    with ProcessPoolExecutor(len(ALL)) as at_one_time:
        list(at_one_time.map(live, ALL))
    assert nothing_left() == []
    print("five stacks with CloudFormation: ok")


main()
