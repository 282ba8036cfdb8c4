"""A child ends with its parent, which is killed and cannot do anything about it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from sanity_checks import parents

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# A parent that starts a child and both print their numbers; each sleeps longer than the test waits.
CHILD = "import os, time\n{patch}\nimport experiments\nprint(os.getpid(), os.environ.get('SANITY_CHECKS_PARENT'), flush=True)\ntime.sleep(60)"
PARENT = ("import subprocess, sys, time\nfrom sanity_checks import parents\n"
          "process = subprocess.Popen([sys.executable, '-c', sys.argv[1]], env={environment}, stdout=subprocess.PIPE, text=True)\n"
          "print(process.stdout.readline(), end='', flush=True)\ntime.sleep(60)")
WATCH = "from sanity_checks import parents\nparents._asked_system = lambda: False\nparents.INTERVAL = 0.05"


def family(environment="parents.environment()", patch=""):
    """(parent, number of its child, what the child says of its environment)."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(environment=environment), CHILD.format(patch=patch)], cwd=ROOT,
                              stdout=subprocess.PIPE, text=True)
    child, variable = parent.stdout.readline().split()
    return parent, int(child), variable


def runs(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")     # an orphan may not be reaped here
    except FileNotFoundError:
        return False


def ends(process, seconds):
    end = time.monotonic() + seconds
    while runs(process) and time.monotonic() < end:
        time.sleep(0.02)
    return not runs(process)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks into /proc")
@pytest.mark.parametrize("patch", ["", WATCH], ids=["system", "thread"])
def test_a_child_ends_with_its_parent(patch):
    parent, child, variable = family(patch=patch)
    assert variable == "None" and runs(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert ends(child, 20)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks into /proc")
def test_a_process_that_nobody_follows_stays():
    parent, child, _ = family(environment="None")
    parent.kill()
    parent.wait()
    try:
        assert not ends(child, 0.5)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_child_whose_parent_has_ended_before_ends_at_once():
    done = subprocess.run([sys.executable, "-c", "import experiments\nprint('still here')"], cwd=ROOT, text=True, capture_output=True,
                          env={**os.environ, parents.VARIABLE: "1234567890"})
    assert done.returncode == -signal.SIGKILL and not done.stdout
