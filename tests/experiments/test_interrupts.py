"""Ctrl-C and SIGTERM at any moment: one line, the signal's exit status, no traceback."""

import os
import signal
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIGNALS = {signal.SIGINT: (130, "interrupted; the same command goes on"), signal.SIGTERM: (143, "terminated; the same command goes on")}
# What happens before the signal, in a process of its own.
MOMENTS = {
    "before main begins": "sys.argv[:] = ['-m']; import experiments; send()",
    "while a module is imported": "sys.argv[:] = ['x']; from experiments import command; command.run(lambda found: __import__('sender'), "
                                  "command.FlagSet)",
    "while an import swallows what is raised": "sys.argv[:] = ['x']; from experiments import command; command.run("
                                               "lambda found: __import__('swallowing'), command.FlagSet)",
    "in main": "sys.argv[:] = ['x']; from experiments import command; command.run(lambda found: send(), command.FlagSet)",
    "in code that takes it for a failure of a function": "sys.argv[:] = ['x']; from experiments import command; from sanity_checks import "
                                                         "imported; command.run(lambda found: imported.call(send, 'a:b', 'model'), "
                                                         "command.FlagSet)",
    "when main has ended": "sys.argv[:] = ['x']; from experiments import command; import atexit; atexit.register(send); "
                           "command.run(lambda found: None, command.FlagSet)",
    "twice": "sys.argv[:] = ['x']\nfrom experiments import command\ndef main(found):\n    try:\n        send()\n    finally:\n        send()\n"
             "command.run(main, command.FlagSet)",
}


@pytest.mark.parametrize("number, moment", [*((signal.SIGTERM, moment) for moment in MOMENTS), (signal.SIGINT, "while a module is imported"),
                                            (signal.SIGINT, "in main")])
def test_a_signal_ends_in_one_line(number, moment, tmp_path):
    (tmp_path / "sender.py").write_text(f"import os\nos.kill(os.getpid(), {int(number)})\n")
    (tmp_path / "swallowing.py").write_text("try:\n    import sender\nexcept BaseException:\n    raise SystemError('no such module')\n")
    script = f"import os, sys\ndef send():\n    os.kill(os.getpid(), {int(number)})\n{MOMENTS[moment]}"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env={
        **os.environ, "PYTHONPATH": os.pathsep.join([ROOT, str(tmp_path)])})
    assert (ended.returncode, ended.stderr.strip()) == SIGNALS[number]


def test_what_is_half_written_is_removed(tmp_path):
    script = ("import os, signal, sys\nsys.argv = ['x']\nfrom experiments import command\nfrom sanity_checks.runs import files\n"
              "def main(found):\n"
              f"    with files.replacing('{tmp_path}/rows'):\n        os.kill(os.getpid(), signal.SIGTERM)\n"
              "command.run(main, command.FlagSet)")
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 143 and not os.listdir(tmp_path), ended.stderr


def test_tests_and_other_programs_keep_their_signals():
    script = "import signal; import experiments; print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT).stdout == "True\n"
