#!/usr/bin/env python3
"""Runs the cases and compares what passes with what passed before. See `run` beside this file."""
import argparse
import fnmatch
import os
import pathlib
import re
import subprocess
import sys

arguments = argparse.ArgumentParser()
arguments.add_argument("--cases", type=pathlib.Path, required=True)
arguments.add_argument("--passing", type=pathlib.Path, required=True)
arguments.add_argument("--update", action="store_true")
arguments.add_argument("--only", default="*")
arguments.add_argument("-v", action="store_true")
options = arguments.parse_args()

# A case is told the endpoint, and which program to start where it needs a server or a command of its own. Settings of
# this run's server would reach those, too.
environment = {name: value for name, value in os.environ.items()
               if name == "STEPGATE_BINARY" or not name.startswith(("STEPGATE", "AWS_ENDPOINT_URL"))}


def replay(only, jobs):
    """Runs the cases that `only` names, some at once; answers {case: what it said, None if it passed}."""
    command = [sys.executable, str(options.cases / "run.py"), "--endpoint", os.environ["AWS_ENDPOINT_URL"],
               "--dir", str(options.cases), "--only", f"{only}.py", "--jobs", str(jobs)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    said = dict(re.findall(r"^FAIL (\S+)\.py: (.*)$", done.stdout, re.MULTILINE))
    ran = [path.stem for path in sorted(options.cases.glob("[a-z]*-[0-9]*.py")) if fnmatch.fnmatch(path.stem, only)]
    if f"{len(ran) - len(said)} passed, {len(said)} failed" not in done.stdout:
        sys.exit(f"the cases did not run to their end: {done.stdout}")
    return {case: said.get(case) for case in ran}


results = replay(options.only, 4)
before = set(options.passing.read_text().split()) if options.passing.exists() else set()
# A case that waits for real time may be late on a busy machine: it gets a second run, alone.
for case in sorted(i for i in before & set(results) if results[i] is not None):
    results.update(replay(case, 1))

themes = sorted({case.split("-")[0] for case in results})
if options.v:
    for case, said in sorted(results.items()):
        if said is not None:
            print(f"FAIL {case}: {said}")
now = {case for case, said in results.items() if said is None}
for name, cases in [(theme, [c for c in results if c.startswith(f"{theme}-")]) for theme in themes] + [("total", results)]:
    print(f"{name:40} {len(now & set(cases)):4} of {len(cases):4}")

new, lost = sorted(now - before), sorted((before & set(results)) - now)
if options.only == "*":
    lost += sorted(before - set(results))
if new and options.update:
    options.passing.write_text("".join(f"{case}\n" for case in sorted(before | now)))
    print(f"{len(new)} new in {options.passing.name}")
elif new:
    print(f"{len(new)} pass that are not in {options.passing.name}; add them with --update")
for case in lost:
    print(f"LOST {case}: {results.get(case, 'no such case')}")
print(f"{len(now)} passed, {len(lost)} failed")
sys.exit(1 if lost else 0)
