"""Runs scripts within the process of the tests, which saves starting one and importing TensorFlow.

What only a process of its own can show (that TensorFlow's start-up lines are dropped, what signals do) is not shown
by this: some test of each script starts one.
"""

import contextlib
import importlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from facedancer_tf.errors import run_main


def run_here(
    script: str, *arguments: object, folder: Path | None = None, **environment: str
) -> CompletedProcess[str]:
    """Does what `python SCRIPT ARGUMENTS` does in `folder`; returns its exit code and what it printed."""
    command = [script, *map(str, arguments)]
    module = importlib.import_module(script.removesuffix(".py").replace("/", "."))
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, _graphs_as_before():
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


@contextlib.contextmanager
def _graphs_as_before() -> Iterator[None]:
    """Gives TensorFlow's rewriting of graphs back, which scripts turn off for their whole process."""
    import tensorflow as tf

    before = {"disable_meta_optimizer": False, **tf.config.optimizer.get_experimental_options()}
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options(before)
