#!/usr/bin/env python3
"""Stacks after the CDK's own integration tests: what it synthesizes is made, or refused by naming all that is missing."""

import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

HERE = Path(__file__).parent
WORK = HERE.parents[1] / "target" / "cdk"
TABLE = (HERE.parents[1] / "docs" / "compatibility.md").read_text().split("<!-- table: templates -->")[1].split("<!-- end -->")[0]
# Types that this server makes itself.
OWN = set(re.findall(r"^\| `(AWS::[\w:]+)` \|", TABLE, re.MULTILINE)) | {"AWS::CDK::Metadata"}
# What is refused although all of its types are here, and what the refusal has to name.
REFUSED = {}


def synthesize(out):
    # Outside the sources: what npm installs is not ours.
    shutil.copytree(HERE / "cdk" / "templates", WORK / "templates", dirs_exist_ok=True)
    shutil.copy(HERE / "cdk" / "package.json", WORK)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=WORK, check=True)
    said = subprocess.run(["node", "templates/main.mjs", out], cwd=WORK, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def upload(out):
    """What `cdk deploy` puts into the bootstrap stack's bucket, templates among it."""
    objects = boto3.client("s3")
    objects.create_bucket(Bucket="assets")
    for manifest in out.glob("*.assets.json"):
        for asset in json.loads(manifest.read_text())["files"].values():
            source = out / asset["source"]["path"]
            body = source.read_bytes() if source.is_file() else zipped(source)
            for destination in asset["destinations"].values():
                objects.put_object(Bucket="assets", Key=destination["objectKey"], Body=body)


def zipped(folder):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as package:
        for path in sorted(folder.rglob("*")):
            package.write(path, path.relative_to(folder))
    return body.getvalue()


def refusal(stacks, name, url):
    """Why there is no change set, if there is none."""
    try:
        stacks.validate_template(TemplateURL=url)
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
        made = stacks.create_change_set(StackName=name, ChangeSetName="all", ChangeSetType="CREATE", TemplateURL=url, Capabilities=capabilities)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationError", error
        return error.response["Error"]["Message"]
    described = stacks.describe_change_set(ChangeSetName=made["Id"])
    assert described["Status"] == "CREATE_COMPLETE", described
    assert described["Changes"], described
    return None


def made(stacks, name):
    """Makes what the change set says, and removes it; what went wrong with that."""
    stacks.execute_change_set(StackName=name, ChangeSetName="all")
    if ended(stacks, name) != "CREATE_COMPLETE":
        events = stacks.describe_stack_events(StackName=name)["StackEvents"]
        return [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    identity = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    stacks.delete_stack(StackName=name)
    return [] if ended(stacks, identity) == "DELETE_COMPLETE" else ["it can't be deleted"]


def ended(stacks, name):
    while (status := stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
        pass
    return status


def main():
    stacks = boto3.client("cloudformation")
    wrong, n_taken, missing = [], 0, set()
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory)
        synthesize(directory)
        upload(out)
        templates = sorted(out.glob("*.template.json"))
        for path in templates:
            name = path.name.removesuffix(".template.json")
            resources = json.loads(path.read_text())["Resources"].values()
            absent = {resource["Type"] for resource in resources} - OWN
            said = refusal(stacks, name, f"https://assets.s3.amazonaws.com/{key(out, path)}")
            expected = absent | set(REFUSED.get(name, []))
            if not expected and said is not None:
                wrong.append(f"{name} is refused: {said}")
            if expected and (said is None or not all(one in said for one in expected)):
                wrong.append(f"{name}: {said or 'is taken'}, which does not name {sorted(expected)}")
            if said is None:
                n_taken += 1
                wrong += [f"{name} is not made: {problem}" for problem in made(stacks, name)]
            missing |= absent
    assert not wrong, "\n".join(wrong)
    print(f"{n_taken} of {len(templates)} stacks made; the others need {', '.join(sorted(missing))}")


def key(out, template):
    manifest = json.loads(template.with_name(template.name.replace(".template.", ".assets.")).read_text())
    for asset in manifest["files"].values():
        if asset["source"]["path"] == template.name:
            return next(iter(asset["destinations"].values()))["objectKey"]
    raise AssertionError(f"{template.name} is no asset of its stack")


main()
