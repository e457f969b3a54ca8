#!/usr/bin/env python3
"""Five stacks with the Serverless Framework: deployed, called, changed and removed."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "stacks"))
from checks import ALL, nothing_left, outputs, run  # noqa: E402

WORK = HERE.parents[1] / "target" / "serverless"
QUIET = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "NODE_NO_WARNINGS": "1"}


def install():
    # Outside the sources: what npm installs is not ours.
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "serverless" / "package.json", WORK)
    for service in (HERE / "stacks" / "serverless").iterdir():
        shutil.copy(service, WORK)
    shutil.copytree(HERE / "stacks" / "functions", WORK / "functions", dirs_exist_ok=True)
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=WORK)


def main():
    install()
    for name, check in ALL.items():

        def sls(*arguments, greeting):
            command = ["node_modules/.bin/serverless", *arguments, "--config", f"{name}.yml"]
            return run(command, environment={**QUIET, "GREETING": greeting}, cwd=WORK)

        sls("deploy", greeting="hello")
        check(outputs(f"{name}-prod"), "hello")
        sls("deploy", greeting="welcome")
        check(outputs(f"{name}-prod"), "welcome")
        sls("remove", greeting="welcome")
    assert nothing_left() == []
    print("five stacks with the Serverless Framework: ok")


main()
