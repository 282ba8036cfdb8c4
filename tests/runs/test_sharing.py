"""Processes that share the units of a run: who computes what, who takes over, what fails, and what is never lost."""

import concurrent.futures
import dataclasses
import errno
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from sanity_checks import runs
from sanity_checks.runs import execute
from sanity_checks.runs import failures
from sanity_checks.runs import job as jobs
from sanity_checks.runs import leases
from sanity_checks.runs import rows as row_files
from sanity_checks.runs import sharing
from sanity_checks.runs import work_units

COMPUTED = []
UNIT = "draw000_images000000-000001"
# A process that computes the units of a run, each in the time of its second argument, and says which.
PROCESS = """
import sys, time
from tests.runs import test_sharing
def build():
    def compute(unit, progress):
        print(unit.name, flush=True)
        time.sleep(float(sys.argv[2]))
        return test_sharing.compute(unit, progress)
    return compute
print(test_sharing.execute.execute(test_sharing.job(build, count=int(sys.argv[3])), sys.argv[1], progress=False), flush=True)
"""


def compute(unit, progress):
    """Rows whose value tells the draw and the image."""
    COMPUTED.append(unit.name)
    ids = [str(i) for i in range(unit.first, unit.last)]
    rows = runs.Collector("m", "d", "t", unit.draw, ids)
    rows.add(1, "s", "gradient", "ssim", np.array([unit.draw + int(i) / 100 for i in ids]), 3)
    return rows.frame(), []


def job(build=lambda: compute, count=6, seed=0):
    return jobs.Job("t", {"seed": seed}, {"weights": "a"}, tuple(work_units.units(1, count, 1)), 1, build)


def failing(units, error=ValueError("no such luck")):
    """A job's build whose units of these positions fail."""
    def run(unit, progress):
        if unit.first in units:
            COMPUTED.append(unit.name)
            raise error
        return compute(unit, progress)
    return lambda: run


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    COMPUTED.clear()
    monkeypatch.setattr(sharing, "POLL", 0.05)


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "run")


def lease_of(folder, unit=UNIT, **changed):
    """Writes a lease as another host's process would, and returns its path."""
    os.makedirs(sharing.folder(folder), exist_ok=True)
    path = os.path.join(sharing.folder(folder), f".{unit}{leases.SUFFIX}")
    content = {"owner": "elsewhere.7.abcdef01-1-99", "who": "process 7 on elsewhere", "token": "x", "since": time.time()}
    with open(path, "w") as file:
        json.dump({**content, **changed}, file)
    return path


def left_in(folder):
    return [name for name in os.listdir(sharing.folder(folder)) if name.startswith(".")]


def values(folder):
    return runs.read_rows([folder]).sort_values("image_id").value.tolist()


def test_many_share_the_units_and_the_last_draws(folder):
    def slow():
        def run(unit, progress):
            time.sleep(0.01)
            return compute(unit, progress)
        return run
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        draws = list(executor.map(lambda _: execute.execute(job(slow, count=60), folder, progress=False), range(8)))
    assert len(COMPUTED) <= 63 and len(set(COMPUTED)) == 60, "at most 1.05 times the units"
    assert 1 <= sum(draws) < 8 and left_in(folder) == []
    assert runs.read_run(folder)["totals"]["units_done"] == 60


def started(folder, seconds, count):
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    return subprocess.Popen([sys.executable, "-c", PROCESS, folder, str(seconds), str(count)], stdout=subprocess.PIPE, text=True,
                            cwd=root, env={**os.environ, "PYTHONPATH": root})


def test_a_killed_process_is_taken_over_from_at_once_and_an_interrupted_one_leaves_nothing(folder, monkeypatch):
    killed, interrupted = started(folder, 600, 6), started(folder, 600, 6)
    first = {process.stdout.readline().strip() for process in (killed, interrupted)}
    assert len(first) == 2
    killed.kill()
    interrupted.send_signal(signal.SIGINT)
    assert killed.wait() == -signal.SIGKILL and interrupted.wait() != 0
    killed.stdout.close(), interrupted.stdout.close()
    assert len(left_in(folder)) == 1, "the killed process' lease"
    monkeypatch.setattr(sharing.Queue, "wait", lambda self: pytest.fail("it is waited for"))
    assert execute.execute(job(), folder, progress=False) and len(COMPUTED) == 6 and left_in(folder) == []


def test_units_of_live_others_are_waited_for_and_their_process_draws(folder, caplog):
    process = started(folder, 0.5, 2)
    assert process.stdout.readline()
    with caplog.at_level(logging.INFO, logger="absl"):
        draws = execute.execute(job(count=2), folder, progress=False)
    told = process.communicate()[0].split()
    assert len(COMPUTED) == 1 and told == ["True"] and not draws
    assert f"process {process.pid} on " in caplog.text and "waiting" in caplog.text


@pytest.mark.parametrize("age, computed", [(0, 5), (50, 5), (70, 6)])
def test_a_lease_of_another_host_is_dead_after_a_minute_by_the_file_systems_clock(folder, monkeypatch, age, computed):
    path = lease_of(folder)
    skew = 5000             # this host's clock is wrong by this
    monkeypatch.setattr(time, "time", lambda: skew)
    os.utime(path, ns=(0, os.stat(path).st_mtime_ns - age * 10 ** 9))
    monkeypatch.setattr(sharing.Queue, "wait", lambda self: self._left.clear())
    execute.execute(job(), folder, progress=False)
    assert len(COMPUTED) == computed
    assert os.path.exists(path) == (computed == 5)


def test_a_lease_is_touched_while_its_owner_lives(folder, monkeypatch):
    monkeypatch.setattr(leases, "HEARTBEAT", 0.05)
    with leases.Leases(folder) as held:
        assert held.take("a") and not held.take("a")
        path = os.path.join(folder, f".a{leases.SUFFIX}")
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 20
        while os.stat(path).st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        found = leases.holder(folder, "a")
        assert found.touched > 0 and abs(found.since - time.time()) < 3600 and not found.is_dead(leases.now(folder))
        assert str(os.getpid()) in found.who
    assert not os.path.exists(folder), "what is left is given back"


def test_what_another_has_taken_over_is_left_to_it(folder):
    with leases.Leases(sharing.folder(folder)) as held:
        assert held.take(UNIT)
        path = lease_of(folder, token="another")
        held.give_back(UNIT)
    assert os.path.exists(path)


def test_of_two_that_find_a_dead_lease_one_takes_it(folder):
    path = lease_of(folder, token="dead")
    dead = leases.holder(sharing.folder(folder), UNIT)
    lease_of(folder, token="taken over meanwhile")
    assert not leases._put_away(path, dead)
    assert leases.holder(sharing.folder(folder), UNIT).token == "taken over meanwhile" and len(left_in(folder)) == 1


def test_a_lease_without_content_is_its_owners_for_a_minute(folder):
    path = lease_of(folder)
    open(path, "w").close()
    with leases.Leases(sharing.folder(folder)) as held:
        assert not held.take(UNIT)
        os.utime(path, ns=(0, os.stat(path).st_mtime_ns - 61 * 10 ** 9))
        assert held.take(UNIT)


def test_leases_of_a_first_unit_are_no_strange_files(folder):
    os.utime(lease_of(folder), (0, 0))
    assert execute.execute(job(), folder, progress=False)
    other = folder + "2"
    os.makedirs(sharing.folder(other))
    open(os.path.join(sharing.folder(other), "mine.txt"), "w").close()
    with pytest.raises(ValueError, match="holds no run"):
        execute.execute(job(), other, progress=False)


def test_a_unit_that_fails_is_named_and_recorded_and_the_others_are_done(folder):
    with pytest.raises(ValueError, match=rf"1 of 6 units could not be computed: {UNIT} \(ValueError: no such luck; process"):
        execute.execute(job(failing({0})), folder, progress=False)
    found = failures.read(folder)
    assert list(found) == [UNIT] and "no such luck" in found[UNIT].details and runs.unfinished(folder) == "1 of 6 units is missing"
    assert values(folder) == [0.01, 0.02, 0.03, 0.04, 0.05]
    assert execute.execute(job(), folder, progress=False), "the same command tries it again"
    assert failures.read(folder) == {} and not os.path.exists(os.path.join(folder, failures.FOLDER))


def test_what_others_have_failed_at_is_not_tried_again_but_named(folder):
    def other_fails():
        def run(unit, progress):
            if unit.first == 1:
                failures.write(folder, failures.of("draw000_images000003-000004", KeyError("x"), "process 7 on elsewhere"))
            return compute(unit, progress)
        return run
    with pytest.raises(ValueError, match=r"1 of 6 .*images000003-000004 \(KeyError: 'x'; process 7 on elsewhere\)"):
        execute.execute(job(other_fails), folder, progress=False)
    assert len(COMPUTED) == 5


def test_what_failed_before_is_tried_last(folder):
    execute.execute(job(), folder, 5, 6, progress=False)
    failures.write(folder, failures.of(UNIT, ValueError("no such luck"), "process 7 on elsewhere"))
    assert execute.execute(job(), folder, progress=False) and COMPUTED[-1] == UNIT


def test_of_two_that_find_no_lease_one_makes_it(folder):
    os.makedirs(folder)
    path = os.path.join(folder, ".a.lease")
    assert leases._create(path, {"token": "x"}) and not leases._create(path, {"token": "y"})


def test_a_unit_that_is_finished_while_it_is_taken_is_not_computed_again(folder, monkeypatch):
    execute.execute(job(), folder, 1, 2, progress=False)
    take = leases.Leases.take

    def late(self, unit, who=""):
        rows = sharing.folder(folder)
        if unit == UNIT:
            shutil.copy(os.path.join(rows, "draw000_images000001-000002.parquet"), os.path.join(rows, f"{UNIT}.parquet"))
        return take(self, unit, who)
    monkeypatch.setattr(leases.Leases, "take", late)
    monkeypatch.setattr(runs.RunDirectory, "finish", lambda *_: None)          # which would find that the copy is no such unit
    execute.execute(job(), folder, progress=False)
    assert UNIT not in COMPUTED and len(COMPUTED) == 5 and left_in(folder) == []


def test_settings_that_no_unit_stands_are_refused_after_a_few_units_and_not_recorded(folder):
    with pytest.raises(KeyError, match="x"):
        execute.execute(job(failing(range(6), KeyError("x"))), folder, progress=False)
    assert len(COMPUTED) == sharing.ATTEMPTS and os.listdir(folder) == []


def test_of_two_settings_at_once_one_wins_and_the_other_is_refused_by_name(folder):
    def meanwhile():
        def run(unit, progress):
            execute.execute(job(seed=1, count=1), folder, progress=False)
            return compute(unit, progress)
        return run
    lease = lease_of(folder)                # units of the same names are others', as a first process would hold them
    os.utime(lease, (0, 0))
    with pytest.raises(ValueError, match="seed: the run has 1, got 0"):
        execute.execute(dataclasses.replace(job(meanwhile), units=job().units[1:]), folder, progress=False)
    assert runs.read_run(folder)["settings"] == {"seed": 1} and len(runs.read_rows([folder])) == 1


def test_who_waits_notices_that_the_directory_is_anothers(folder, monkeypatch):
    lease_of(folder)
    looks = []

    def another_begins(seconds):
        looks.append(seconds)
        assert len(looks) == 1, "it would wait for ever"
        execute.execute(job(seed=1, count=2), folder, 1, 2, progress=False)
    monkeypatch.setattr(sharing.time, "sleep", another_begins)
    with pytest.raises(ValueError, match="seed: the run has 1, got 0"):
        execute.execute(job(count=1), folder, progress=False)


def test_a_full_disk_is_one_line_and_loses_nothing(folder):
    write = row_files.pq.write_table

    def full(table, path, **options):
        if len(COMPUTED) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(table, path, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_files.pq, "write_table", full)
        with pytest.raises(OSError, match=r"No space left on device: .*draw000_images000002-000003.parquet"):
            execute.execute(job(), folder, progress=False)
    assert runs.unfinished(folder) == "4 of 6 units are missing" and left_in(folder) == [] and failures.read(folder) == {}
    assert execute.execute(job(), folder, progress=False) and len(COMPUTED) == 7


def test_a_full_disk_makes_no_lease(folder, monkeypatch):
    os.makedirs(folder)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(leases.os, "write", full)
    with leases.Leases(folder) as held, pytest.raises(OSError, match=r"No space left on device: .*\.lease"):
        held.take("a")
    assert not os.path.exists(folder)


@pytest.mark.parametrize("resumed", [False, True])
def test_a_directory_that_vanishes_is_one_line(folder, resumed):
    def vanishes():
        def run(unit, progress):
            if unit.first == 2:
                shutil.rmtree(folder)
            return compute(unit, progress)
        return run
    if resumed:
        execute.execute(dataclasses.replace(job(), units=job().units[:2]), folder, progress=False)
    with pytest.raises(FileNotFoundError, match=r"vanished.*run"):
        execute.execute(job(vanishes), folder, progress=False)
    assert not os.path.exists(os.path.join(folder, "run.json"))
    assert execute.execute(job(), folder, progress=False)


def test_shards_do_not_wait_for_each_other(folder):
    lease_of(folder, "draw000_images000001-000002")
    assert not execute.execute(job(), folder, 0, 2, progress=False)
    assert len(COMPUTED) == 3


def test_the_lease_of_a_unit_whose_process_was_killed_after_writing_it_is_removed(folder):
    execute.execute(job(), folder, progress=False)
    lease_of(folder)
    assert execute.execute(job(), folder, progress=False) and left_in(folder) == []
