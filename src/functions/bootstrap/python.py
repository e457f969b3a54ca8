"""Starts the bootstrap beside this file: a module is compiled once, a script every time that it is run."""

import os
import sys

HERE = os.path.dirname(__file__)
sys.path[:] = [HERE] + [path for path in sys.path if path != HERE]
from stepgate_bootstrap import main

sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
main()
