"""Runs scripts within the process of the tests, which saves starting one and importing TensorFlow.

What only a process of its own can show (that TensorFlow's start-up lines are dropped, what signals do) is not shown
by this: some test of each script starts one.
"""

import contextlib
import importlib
import io
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from facedancer_tf.errors import run_main
from tests.graphs_as_before import graphs_as_before


def run_here(
    script: str, *arguments: object, folder: Path | None = None, **environment: str
) -> CompletedProcess[str]:
    """Does what `python SCRIPT ARGUMENTS` does in `folder`; returns its exit code and what it printed."""
    command = [script, *map(str, arguments)]
    module = importlib.import_module(script.removesuffix(".py").replace("/", "."))
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, graphs_as_before():
        patch.setattr(sys, "argv", command)
        for name, value in environment.items():
            patch.setenv(name, value)
        if folder is not None:
            patch.chdir(folder)
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                run_main(module.main)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
    return CompletedProcess(command, code, output.getvalue(), errors.getvalue())
