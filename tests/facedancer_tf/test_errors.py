"""How scripts end: a sentence for what users can mend, silence at a closed pipe, a traceback for our own faults."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from data.faces.face import Face
from facedancer_tf.command_line import Parser
from facedancer_tf.errors import CLOSED_PIPE, Code, UserError, environment_error
from facedancer_tf.swapping.swapper import choose_faces, load_detector
from facedancer_tf.weights.catalogue import find_weights, sha256_of
from facedancer_tf.writing import make_folder

ROOT = Path(__file__).resolve().parents[2]
# Also where the tests themselves run in the background, with Ctrl-C ignored.
CTRL_C = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"


def script(body: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs `body` as the `main` of a script."""
    code = (
        f"{CTRL_C}import os, sys\nfrom facedancer_tf.errors import *\ndef main():\n    {body}\nrun_main(main)"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | environment, capture_output=True, timeout=60
    )


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        ("UserError('name another')", "error: name another"),
        ("OSError(28, 'x', 'runs/a')", "error: runs/a: No space left on device; see to room"),
        ("OSError(2, 'x', 'a')", "error: a: No such file or directory; see that it is there"),
        ("OSError(30, 'x')", "error: Read-only file system; see to room"),
        ("MemoryError", "error: there is not enough memory"),
        (r"UserError('a\x1b[2J\nerror: b')", r"error: a\x1b[2J\nerror: b"),  # a name out of a file
    ],
)
def test_what_the_user_can_mend_is_one_line(raised, says):
    ran = script(f"raise {raised}")
    assert ran.returncode == 2
    assert ran.stderr.decode().startswith(says)
    assert ran.stderr.count(b"\n") == 1


def test_our_own_faults_keep_their_traceback():
    assert b"Traceback" in script("raise KeyError('a')").stderr
    assert environment_error(OSError("a library's own text")) == ""


def test_tensorflows_errors_of_the_disk_count_too():
    import tensorflow as tf

    full = tf.errors.ResourceExhaustedError(
        None, None, "{{function_node x}} runs/a; No space left on device [Op:Save]"
    )
    assert environment_error(full).startswith("runs/a; No space left on device; see to room")
    quota = tf.errors.OutOfRangeError(None, None, "runs/a; File too large")
    assert environment_error(quota).startswith("runs/a; File too large; see to room")
    memory = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    assert environment_error(memory).startswith("the device has not enough memory (OOM when")
    assert environment_error(tf.errors.InvalidArgumentError(None, None, "shapes")) == ""


def test_ctrl_c_is_one_word():
    ran = script("raise KeyboardInterrupt")
    assert (ran.returncode, ran.stderr) == (130, b"stopped\n")


def test_an_error_that_something_made_of_ctrl_c_is_one_word_too():
    made = "import os, signal\n    try:\n        os.kill(os.getpid(), signal.SIGINT)\n    except KeyboardInterrupt:"
    ran = script(f"{made}\n        raise ImportError('a bad install')")
    assert (ran.returncode, ran.stderr) == (130, b"stopped\n")


def test_ctrl_c_where_python_would_report_it_and_go_on_ends_the_process():
    dying = "class Odd:\n        def __del__(self):\n            os.kill(os.getpid(), 2)\n    Odd()\n    print('no')"
    ran = script(dying)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"stopped\n")


def test_ctrl_c_while_a_script_imports_is_one_word():
    early = "import os\nfrom facedancer_tf.early_interrupts import *\nend_at_interrupts()\nos.kill(os.getpid(), 2)"
    ran = subprocess.run([sys.executable, "-c", CTRL_C + early], cwd=ROOT, capture_output=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"stopped\n")


def test_a_second_ctrl_c_ends_what_the_first_has_set_going():
    kill = "os.kill(os.getpid(), 2)"
    ran = script(f"try:\n        {kill}\n    finally:\n        {kill}\n        print('no')")
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"stopped\n")


@pytest.mark.parametrize("entry", sorted(ROOT.glob("*.py")), ids=lambda path: path.stem)
def test_every_script_heeds_ctrl_c_before_its_other_imports(entry):
    tree = ast.parse(entry.read_text("utf-8"))
    code = [node for node in tree.body[1:] if not isinstance(node, ast.Expr)]  # after the docstring
    first, then = map(ast.unparse, code[:2])
    assert first == "from facedancer_tf.early_interrupts import end_at_interrupts"
    assert then == "if __name__ == '__main__':\n    end_at_interrupts()"


def test_closed_streams_take_no_file_s_place(tmp_path):
    body = f"f = open({str(tmp_path / 'a')!r}, 'w')\n    assert f.fileno() > 2, f.fileno()\n    os.write(2, b'log')"
    code = f"import os\nfrom facedancer_tf.errors import *\ndef main():\n    {body}\n    print('x')\nrun_main(main)"
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        ran = subprocess.run(
            ["bash", "-c", f'"$0" -c "$1" {closed}', sys.executable, code], cwd=ROOT, timeout=60
        )
        assert ran.returncode == 0
        assert (tmp_path / "a").read_text() == ""


@pytest.mark.parametrize("lines", [1, 100_000])  # buffered until the end, and not
def test_a_closed_pipe_ends_quietly(lines):
    reading, writing = os.pipe()
    os.close(reading)
    code = f"from facedancer_tf.errors import *\nrun_main(lambda: print('line\\n' * {lines}))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (CLOSED_PIPE, b"")


def test_names_that_the_terminal_cannot_show_are_printed_with_escapes():
    for encoding in ("ascii", "utf-8"):
        ran = script("print('f\\u00e4\\udcff.png written')", PYTHONIOENCODING=encoding)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.endswith(b"\\udcff.png written\n")


def test_files_after_two_dashes_may_begin_with_one():
    parser = Parser("")
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("-o")
    for words in (
        ["--", "-a.jpg", "b.png"],
        ["b.png", "-o", "x", "--", "-a.jpg"],
        ["-o", "x", "b.png", "--", "-a.jpg"],
    ):
        assert set(parser.parse_intermixed_args(words).pictures) == {"./-a.jpg", "b.png"}


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    def no_user(uid: int) -> None:
        raise KeyError(uid)

    for variable in ("HOME", "XDG_CACHE_HOME", "FACEDANCER_CACHE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", no_user)
    assert find_weights(None, "generator").is_file()
    with pytest.raises(UserError, match=r"no home folder.*FACEDANCER_CACHE"):
        find_weights("facedancer_c", "generator")


FACE = Face((0.0, 0.0, 9.0, 9.0), np.zeros((5, 2), np.float32), 0.9)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: choose_faces([]), "no_face"),
        (lambda: choose_faces([FACE], 1), "no_such_face"),
        (lambda: find_weights("facedancer_a", "generator"), "weights_missing"),
        (lambda: find_weights("nowhere.keras", "generator"), "missing"),
        (lambda: find_weights("runs/none/model.keras", "generator"), "missing"),
        (lambda: sha256_of(ROOT / "nowhere"), "unreadable"),
        (lambda: load_detector("another"), "invalid"),
        (lambda: make_folder(ROOT / "pyproject.toml" / "folder"), "unwritable"),
    ],
)
def test_programs_can_tell_errors_apart(ask, code, tmp_path, monkeypatch):
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path))
    with pytest.raises(UserError) as caught:
        ask()
    assert caught.value.code == code


def test_every_code_is_explained():
    assert UserError("no").code == "invalid"
    for code in get_args(Code):
        assert f'- "{code}": ' in str(UserError.__doc__)
