#!/usr/bin/env python3
"""Runs the recorded cases and compares what passes with what passed before. See `run` beside this file."""
import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import boto3

import functions

arguments = argparse.ArgumentParser()
arguments.add_argument("--cases", type=pathlib.Path, required=True)
arguments.add_argument("--passing", type=pathlib.Path, required=True)
arguments.add_argument("--update", action="store_true")
arguments.add_argument("--only", default="*")
arguments.add_argument("-v", action="store_true")
options = arguments.parse_args()


def replay(suite, only):
    """Runs one suite; answers {case id: (theme, passed, first difference)}."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, str(options.cases / "run.py"), "--endpoint", os.environ["AWS_ENDPOINT_URL"],
                   "--account", "123456789012", "--dir", str(options.cases / suite), "--only", only,
                   "--needs", "lambda", "--json", out.name]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        report = json.load(open(out.name))
    return {case["id"]: (f"{suite}/{case['file'].removesuffix('.json')}",
                         bool(case["result"]) and case["history"] is not False, case.get("diff"))
            for case in report["cases"]}


cases = [case for file in options.cases.glob("*/*.json") for case in json.load(open(file))]
client = boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1",
                      aws_access_key_id="test", aws_secret_access_key="test")
functions.make(client, cases)
results = {}
for suite in ("stepfunctions", "apigateway"):
    results.update(replay(suite, options.only))
before = set(options.passing.read_text().split()) if options.passing.exists() else set()
# A case that waits for real time may be late on a busy machine: it gets a second run, alone.
for case in sorted(i for i in before & set(results) if not results[i][1]):
    results.update(replay(results[case][0].split("/")[0], case))

themes = collections.defaultdict(lambda: [0, 0])
for theme, passed, _ in results.values():
    themes[theme][0] += passed
    themes[theme][1] += 1
if options.v:
    for case, (theme, passed, diff) in sorted(results.items()):
        if not passed:
            print(f"FAIL {theme} {case}: {diff}")
for theme, (passed, total) in sorted(themes.items()):
    print(f"{theme:40} {passed:4} of {total:4}")
now = {case for case, (_, passed, _) in results.items() if passed}
print(f"{'total':40} {len(now):4} of {len(results):4}")

new, lost = sorted(now - before), sorted((before & set(results)) - now)
if options.only == "*":
    lost += sorted(before - set(results))
if new and options.update:
    options.passing.write_text("".join(f"{case}\n" for case in sorted(before | now)))
    print(f"{len(new)} new in {options.passing.name}")
elif new:
    print(f"{len(new)} pass that are not in {options.passing.name}; add them with --update")
for case in lost:
    print(f"LOST {case}: {results.get(case, ('', False, 'no such case'))[2]}")
print(f"{len(now)} passed, {len(lost)} failed")
sys.exit(1 if lost else 0)
