#!/usr/bin/env python3
"""Five stacks with Terraform, as modules of one configuration: applied, called, planned, changed and destroyed."""

import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "stacks"))
from checks import ALL, ENDPOINT, nothing_left, run  # noqa: E402

import terraform_tool  # noqa: E402


def write(work):
    """One run for all: the provider takes long to start, and to believe that a role is there."""
    shutil.copytree(HERE / "stacks" / "terraform", work, dirs_exist_ok=True)
    with zipfile.ZipFile(work / "functions.zip", "w") as package:
        for source in sorted((HERE / "stacks" / "functions").glob("*.py")):
            package.write(source, source.name)


def main():
    binary, plugins = terraform_tool.install()
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory))

        def terraform(*arguments, greeting="hello", expect=0, is_read=False):
            environment = {
                "TF_IN_AUTOMATION": "1",
                "CHECKPOINT_DISABLE": "1",
                "TF_LOG": "",
                "TF_VAR_endpoint": ENDPOINT,
                "TF_VAR_greeting": greeting,
            }
            command = [binary, *arguments, "-no-color"]
            return run(command, expect, is_read, environment=environment, cwd=directory)

        def check(greeting):
            made = json.loads(terraform("output", "-json", is_read=True))
            for name, check in ALL.items():
                check(made[name]["value"], greeting)

        terraform("init", "-input=false", f"-plugin-dir={plugins}")
        terraform("apply", "-input=false", "-auto-approve")
        check("hello")
        # 0: no differences, 1: failed, 2: there are some.
        terraform("plan", "-input=false", "-detailed-exitcode")
        terraform("plan", "-input=false", "-detailed-exitcode", greeting="welcome", expect=2)
        terraform("apply", "-input=false", "-auto-approve", greeting="welcome")
        check("welcome")
        terraform("destroy", "-input=false", "-auto-approve", greeting="welcome")
    assert nothing_left() == []
    print("five stacks with Terraform: ok")


main()
