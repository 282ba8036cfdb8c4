"""Kills run, train, reproduce and report at random moments, resumes them, and holds the results to those of unbroken ones.

    python -m tests.attacks.kills --count=100

Prints a line for each, and exits with status 1 if a result differs by a bit, a file is left over, a process survives its
parent, or a command ends with another status than the signal's.
"""

import argparse
import dataclasses
import glob
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

from sanity_checks import parents
from sanity_checks import runs
from sanity_checks.runs import archives

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
MOST_KILLS = 8              # of one folder, before what is left is run to its end
MOST_WRONG = 5              # of a subject, before it is given up
SMALL = ("--dataset=mnist_5k", "--methods=gradient,smoothgrad", "--smoothgrad_samples=3", "--metrics=spearman", "--figure_images=0")
# Saves the state of a training every 10 iterations, so that a small one is resumed too.
TRAIN = ("from sanity_checks.training import training_run\nfrom experiments import command, train\n"
         "training_run.SAVE_EVERY = training_run.REPORT_EVERY = 10\ncommand.run(train.main, train.define)")
REPORT = ("import sys, glob\nfrom sanity_checks import report\nreport.write(sys.argv[1], glob.glob(sys.argv[2]), "
          "bootstrap_samples=200)")


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is killed.

    Attributes:
        command: function of a folder that returns the arguments of Python.
        share: float, its part of all kills.
        statuses: of a process that SIGTERM ends: exit statuses.
    """
    command: object
    share: float
    statuses: tuple = (143, -signal.SIGTERM)


def _binary(name, *arguments):
    return lambda folder: ["-m", f"experiments.{name}", *arguments, f"--output_dir={folder}"]


def subjects(runs_folder):
    """name -> `Subject`; the report is of the runs in a folder."""
    return {
        "run": Subject(_binary("cascading_randomization", "--model=mlp", "--weights=random", *SMALL, "--num_images=10", "--draws=2",
                               "--images_per_unit=2"), 0.35),
        "train": Subject(lambda folder: ["-c", TRAIN, "--model=mlp", "--dataset=mnist_5k", "--iterations=60",
                                         f"--output_dir={folder}"], 0.3),
        "report": Subject(lambda folder: ["-c", REPORT, folder, os.path.join(runs_folder, "*")], 0.25, (-signal.SIGTERM,)),
        "reproduce": Subject(_binary("reproduce", "--models=", "--datasets=mnist_5k", "--num_images=4", "--metrics=spearman",
                                     "--photograph_metrics=spearman", "--methods=gradient", "--figure_images=0"), 0.1),
    }


@dataclasses.dataclass
class Tally:
    """What came of the kills of a subject: counts, and what was wrong, in words."""
    kills: dict
    compared: int
    wrong: list


def attack(subject, folder, kills, chance):
    """Kills a subject so many times, and runs each folder to its end.

    Args:
        subject: `Subject`.
        folder: str, for this subject alone.
        kills: int.
        chance: random.Random.

    Returns:
        `Tally`.
    """
    whole, tally = os.path.join(folder, "whole"), Tally(dict.fromkeys(SIGNALS, 0), 0, [])
    started = time.monotonic()
    _finish(subject, whole, tally)
    seconds, expected = time.monotonic() - started, digest(whole)
    while sum(tally.kills.values()) < kills and len(tally.wrong) < MOST_WRONG:
        path = os.path.join(folder, f"killed{tally.compared}")
        for _ in range(min(MOST_KILLS, kills - sum(tally.kills.values()))):
            if not _kill(subject, path, chance.uniform(0, seconds), chance.choice(SIGNALS), tally):
                break
        _finish(subject, path, tally)
        tally.compared += 1
        found = digest(path)
        tally.wrong += [f"{path}: {name} differs" for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]
        tally.wrong += [f"{name} is left over" for name in leftovers(path)]
    return tally


def _start(subject, folder):
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(f"{folder}.log", "ab") as log:
        return subprocess.Popen([sys.executable, *subject.command(folder)], cwd=ROOT, stdout=log, stderr=log, env=parents.environment())


def _kill(subject, folder, seconds, number, tally):
    """Kills a command after so many seconds; returns whether it was still running."""
    process = _start(subject, folder)
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        children = _children(process.pid)
    process.send_signal(number)
    status = process.wait()
    tally.kills[number] += 1
    if status not in ((-signal.SIGKILL,) if number == signal.SIGKILL else (0, *subject.statuses)):
        tally.wrong.append(f"{folder}: status {status} after signal {number}")
    end = time.monotonic() + 10
    while any(map(_runs, children)) and time.monotonic() < end:
        time.sleep(0.05)
    tally.wrong += [f"{folder}: its child {child} survived signal {number}" for child in children if _runs(child)]
    return True


def _finish(subject, folder, tally):
    status = _start(subject, folder).wait()
    if status:
        with open(f"{folder}.log", encoding="utf-8", errors="replace") as log:
            tally.wrong.append(f"{folder}: status {status}: {log.read()[-500:]}")


def _children(process):
    """Numbers of a process's children: list of int; none where the system does not tell."""
    found = []
    for path in glob.glob(f"/proc/{process}/task/*/children"):
        with open(path, encoding="ascii") as file:
            found += map(int, file.read().split())
    return found


def _runs(process):
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def leftovers(folder):
    """Temporary files and claims in a folder: list of str."""
    return [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names
            if name.endswith((".tmp", ".claim"))]


def digest(folder):
    """What a command leaves, but for times: dict, path in the folder -> checksum."""
    return {os.path.relpath(path, folder): hashlib.sha256(_content(path)).hexdigest()
            for path in glob.glob(os.path.join(folder, "**"), recursive=True)
            if os.path.isfile(path) and f"{os.sep}logs{os.sep}" not in path}


def _content(path):
    """The bytes of a file without the times in it."""
    name = os.path.basename(path)
    if name.endswith(".parquet"):
        return runs.rows.read_files([path]).to_csv(float_format="%r").encode()
    if name.endswith(".npz"):
        return archives.checksum(archives.read(path, "an archive")).encode()
    if name.endswith(".h5"):
        found = {}
        with h5py.File(path) as file:
            file.visititems(lambda key, value: found.update({key: value[()]}) if isinstance(value, h5py.Dataset) else None)
        return archives.checksum({key: np.asarray(value) for key, value in found.items()}).encode()
    with open(path, "rb") as file:
        content = file.read()
    if name == "index.html" and b"/reproduce/" in path.encode():
        return b"complete" if content.rstrip().endswith(b"</html>") else b"cut"         # it tells how long each run took
    if name == "flags.flags":
        return b"\n".join(line for line in content.splitlines() if not line.startswith(b"--output_dir"))
    return json.dumps(_timeless(json.loads(content)), sort_keys=True).encode() if name.endswith(".json") else content


def _timeless(found):
    """A JSON value without times, and without the command that has written it."""
    if isinstance(found, list):
        return [_timeless(value) for value in found]
    left = ("seconds", "seconds_this_process", "command")
    return {key: _timeless(value) for key, value in found.items() if key not in left} if isinstance(found, dict) else found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="kills of all subjects together")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and signals")
    parser.add_argument("--only", default="", help="one subject")
    options = parser.parse_args(arguments)
    chance, wrong = random.Random(options.seed), []
    with tempfile.TemporaryDirectory() as folder:
        found = subjects(os.path.join(folder, "reported"))
        _finish(found["run"], os.path.join(folder, "reported", "run"), Tally({}, 0, wrong))
        os.remove(os.path.join(folder, "reported", "run.log"))
        print(f"{'subject':12}{'SIGKILL':>8}{'SIGTERM':>8}{'compared':>9}{'wrong':>6}{'seconds':>8}")
        for name, subject in found.items():
            if options.only in ("", name):
                started, count = time.monotonic(), max(1, round(options.count * (subject.share if not options.only else 1)))
                tally = attack(subject, os.path.join(folder, name), count, chance)
                print(f"{name:12}{tally.kills[SIGNALS[0]]:8}{tally.kills[SIGNALS[1]]:8}{tally.compared:9}{len(tally.wrong):6}"
                      f"{time.monotonic() - started:8.0f}", flush=True)
                print(*tally.wrong, sep="\n", end="\n" if tally.wrong else "", flush=True)
                wrong += tally.wrong
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
