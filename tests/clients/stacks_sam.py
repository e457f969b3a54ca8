#!/usr/bin/env python3
"""Five stacks with `sam`: deployed, called, compared, changed and deleted."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "stacks"))
from checks import ALL, nothing_left, outputs, run  # noqa: E402


def main():
    sam = run([HERE / "sam-tool"], is_read=True).strip()
    for name, check in ALL.items():

        def deploy(greeting, *more):
            command = [sam, "deploy", "--template-file", HERE / "stacks" / "sam" / f"{name}.yaml", "--stack-name", name]
            options = ["--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"]
            environment = {"SAM_CLI_TELEMETRY": "0"}
            return run([*command, *options, "--parameter-overrides", f"Greeting={greeting}", *more], environment=environment)

        deploy("hello")
        check(outputs(name), "hello")
        assert "Modify" in deploy("welcome", "--no-execute-changeset"), name
        check(outputs(name), "hello")
        deploy("welcome")
        check(outputs(name), "welcome")
        assert "No changes to deploy" in deploy("welcome", "--no-fail-on-empty-changeset"), name
        run([sam, "delete", "--stack-name", name, "--no-prompts"])
    assert nothing_left() == ["aws-sam-cli-managed-default"]
    print("five stacks with SAM: ok")


main()
