#!/usr/bin/env python3
"""Five stacks with the CDK: deployed, called, compared, changed and destroyed."""

import shutil
import tempfile
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "stacks"))
from checks import ALL, nothing_left, outputs, run  # noqa: E402

WORK = HERE.parents[1] / "target" / "cdk"


def install():
    # Outside the sources: what npm installs is not ours.
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "cdk" / "package.json", WORK)
    shutil.copy(HERE / "stacks" / "cdk" / "stacks.mjs", WORK)
    shutil.copytree(HERE / "stacks" / "functions", WORK / "functions", dirs_exist_ok=True)
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=WORK)


def cdk(*arguments, greeting="hello", expect=0):
    with tempfile.TemporaryDirectory() as out:
        command = ["node_modules/.bin/cdk", "--app", "node stacks.mjs", "--output", out, "--no-notices", "--no-version-reporting"]
        environment = {"GREETING": greeting, "CDK_DISABLE_VERSION_CHECK": "1"}
        return run([*command, *arguments], expect, environment=environment, cwd=WORK)


def main():
    install()
    cdk("bootstrap", "aws://123456789012/us-east-1")
    deploy = ["deploy", "--all", "--require-approval", "never", "--concurrency", "5"]
    cdk(*deploy)
    for name, check in ALL.items():
        check(outputs(name), "hello")
    cdk("diff", "--fail")
    said = cdk("diff", "--fail", greeting="welcome", expect=1)
    for name in ALL:
        assert f"Stack {name}" in said, said
    cdk(*deploy, greeting="welcome")
    for name, check in ALL.items():
        check(outputs(name), "welcome")
    cdk("destroy", "--all", "--force", greeting="welcome")
    assert nothing_left() == ["CDKToolkit"]
    print("five stacks with the CDK: ok")


main()
