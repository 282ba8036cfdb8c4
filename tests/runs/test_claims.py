"""Claims and owners: one works and others wait; what the dead have left is found, what the living write is not touched."""

import concurrent.futures
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from sanity_checks.runs import claims
from sanity_checks.runs import files
from sanity_checks.runs import owners

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def started(code, *arguments):
    """A process that runs some code and has printed a line."""
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    process.first = process.stdout.readline().strip()
    return process


HOLD = ("import sys, time\nfrom sanity_checks.runs import claims\n"
        "with claims.held(sys.argv[1]):\n    print('in', flush=True)\n    time.sleep(60)")
WRITE = ("import sys, time\nfrom sanity_checks.runs import files\n"
         "with files.replacing(sys.argv[1]) as temporary:\n"
         "    open(temporary, 'w').write('half')\n    print(temporary, flush=True)\n    time.sleep(60)")


def test_one_thread_is_in_at_a_time_and_nothing_is_left(tmp_path):
    path, inside, most = str(tmp_path / "claim"), [], []

    def work(_):
        with claims.held(path):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.001)
            inside.pop()
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        list(executor.map(work, range(100)))
    assert most == [1] * 100 and not os.listdir(tmp_path)


def test_the_dead_hold_no_claim_and_the_living_are_waited_for(tmp_path, caplog):
    path, entered = tmp_path / "claim", threading.Event()
    process = started(HOLD, path)

    def work():
        with claims.held(str(path)):
            entered.set()
    thread = threading.Thread(target=work)
    with caplog.at_level("INFO", logger="absl"):
        thread.start()
        assert not entered.wait(0.3), "the claim of a living process was taken"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert entered.wait(10)
        thread.join()
    assert f".{process.pid}." in caplog.text and "waiting for" in caplog.text and not path.exists()


def test_without_locks_nobody_waits(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no locks here")
    monkeypatch.setattr(claims.fcntl, "flock", refuse)
    with claims.held(str(tmp_path / "claim")), claims.held(str(tmp_path / "claim")):
        pass


def test_an_owner_is_alive_until_it_has_ended(tmp_path):
    process = started("from sanity_checks.runs import owners\nimport time\nprint(owners.name(), flush=True)\ntime.sleep(60)")
    assert owners.state(f".run.json.{process.first}") == owners.ALIVE
    process.kill()
    process.wait()
    assert owners.state(f".run.json.{process.first}") == owners.DEAD
    assert owners.state(f".x.{owners.name()}") == owners.ALIVE


def test_a_number_that_another_process_has_now_is_not_the_owner():
    host, process, start = owners.name().rsplit(".", 2)
    place, ticks = start.rsplit("-", 1)
    assert owners.state(f".x.{host}.{process}.{place}-{int(ticks) + 1}") == owners.DEAD
    assert owners.state(f".x.{host}.{process}.abcdef01-1-{ticks}") == owners.UNKNOWN
    assert owners.state(f".x.another.{process}.{start}") == owners.UNKNOWN
    assert owners.state(f".x.not{host}.{process}.{start}") == owners.UNKNOWN
    assert owners.state(".run.json.host.1") == owners.UNKNOWN


def test_what_the_dead_have_left_is_removed_and_no_more(tmp_path):
    dead, living = started(WRITE, tmp_path / "rows.parquet"), started(WRITE, tmp_path / "other.parquet")
    dead.kill()
    dead.wait()
    foreign = tmp_path / ".x.elsewhere.1.abcdef01-1-5.abcdef01.tmp"
    kept = [foreign, tmp_path / ".notes.tmp", tmp_path / "mine.tmp"]
    for path in kept:
        path.write_text("")
    assert os.path.exists(dead.first)
    files.remove_leftovers(str(tmp_path), str(tmp_path / "nowhere"))
    living.kill()
    living.wait()
    assert not os.path.exists(dead.first) and os.path.exists(living.first) and all(path.exists() for path in kept)


def test_a_process_whose_start_is_not_told_counts_as_alive(monkeypatch):
    own = owners.name()
    monkeypatch.setattr(owners, "_start", lambda process: owners._NO_START)
    assert owners.state(f".x.{own}") == owners.ALIVE


@pytest.mark.parametrize("age, left", [(0, True), (files.UNKNOWN_AGE + 100, False)])
def test_what_was_left_before_a_reboot_goes_after_a_day(tmp_path, age, left):
    host, process, start = owners.name().rsplit(".", 2)
    path = tmp_path / f".x.{host}.{process}.abcdef01-1-5.abcdef01.tmp"
    path.write_text("")
    os.utime(path, (time.time() - age,) * 2)
    files.remove_leftovers(str(tmp_path))
    assert path.exists() == left
