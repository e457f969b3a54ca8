#!/usr/bin/env python3
"""Five stacks with Terraform: applied, called, planned, changed and destroyed."""

import json
import shutil
import tempfile
import zipfile
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "stacks"))
from checks import ALL, nothing_left, outputs, run  # noqa: E402

import terraform_tool  # noqa: E402
from checks import ENDPOINT  # noqa: E402


def main():
    binary, plugins = terraform_tool.install()
    for name, check in ALL.items():
        with tempfile.TemporaryDirectory() as work:
            shutil.copy(HERE / "stacks" / "terraform" / f"{name}.tf", work)
            with zipfile.ZipFile(Path(work) / "functions.zip", "w") as package:
                for source in sorted((HERE / "stacks" / "functions").glob("*.py")):
                    package.write(source, source.name)

            def terraform(*arguments, greeting="hello", expect=0, is_read=False):
                environment = {
                    "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_LOG": "",
                    "TF_VAR_endpoint": ENDPOINT, "TF_VAR_greeting": greeting,
                }
                return run([binary, *arguments, "-no-color"], expect, is_read, environment=environment, cwd=work)

            def made():
                told = json.loads(terraform("output", "-json", is_read=True))
                return {key: output["value"] for key, output in told.items()}

            terraform("init", "-input=false", f"-plugin-dir={plugins}")
            terraform("apply", "-input=false", "-auto-approve")
            check(made(), "hello")
            # 0: no differences, 1: failed, 2: there are some.
            terraform("plan", "-input=false", "-detailed-exitcode")
            terraform("plan", "-input=false", "-detailed-exitcode", greeting="welcome", expect=2)
            terraform("apply", "-input=false", "-auto-approve", greeting="welcome")
            check(made(), "welcome")
            terraform("destroy", "-input=false", "-auto-approve", greeting="welcome")
    assert nothing_left() == []
    print("five stacks with Terraform: ok")


main()
