"""--executor and the flags that go with it: what they say, where they are passed on to, and what they are no part of."""

import importlib

import pytest

from experiments import cascading_randomization
from experiments import commands
from experiments import flag_checks
from experiments import from_flags
from experiments import reproduce
from sanity_checks.runs import actors
from tests.experiments import binary

BINARIES = ("cascading_randomization", "independent_randomization", "bottom_up_randomization", "random_networks", "label_randomization",
            "edge_comparison", "metric_calibration", "input_times_random", "simple_models", "check", "reproduce")


@pytest.mark.parametrize("name", BINARIES)
def test_every_test_can_be_computed_by_a_cluster(name):
    found = importlib.import_module(f"experiments.{name}").define()
    options = found.parse(["--executor=ray", "--workers=4", "--gpus_per_worker=0.5", "--cpus_per_worker=2", "--results=driver",
                           "--ray_address=node1:6379"])
    assert from_flags.cluster(options) == actors.Cluster("node1:6379", 4, 0.5, 2., "driver")
    assert from_flags.cluster(importlib.import_module(f"experiments.{name}").define().parse([])) is None


def test_who_computes_is_no_part_of_a_runs_flags():
    found = binary.parsed(cascading_randomization, "--executor=ray", "--workers=4", "--ray_address=auto", "--seed=7")
    text = from_flags.flagfile(found)
    assert "--seed=7" in text and not any(name in text for name in ("executor", *from_flags.CLUSTER))


def test_flags_of_a_cluster_without_one_are_warned_about(caplog):
    flag_checks.warn(binary.parsed(cascading_randomization, "--workers=4"))
    assert "--workers has no effect: it goes with --executor=ray" in caplog.text
    caplog.clear()
    flag_checks.warn(binary.parsed(cascading_randomization, "--workers=4", "--executor=ray"))
    assert caplog.text == ""


def test_reproduce_passes_on_who_computes_and_what_is_done_does_not_depend_on_it(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(commands, "_execute", lambda command, log: begun.append(command) or (0, ""))
    monkeypatch.setattr(reproduce, "write_report", lambda *_: "page")
    given = ["--executor=ray", "--ray_address=auto", "--results=driver"]
    flags = ["--models=mlp", "--datasets=mnist_5k", "--num_images=4", f"--output_dir={tmp_path}"]
    assert binary.run(reproduce, *flags, *given, "--workers=3") == 0 and len(begun) > 4
    assert all(command[-4:] == ["--executor=ray", "--ray_address=auto", "--workers=3", "--results=driver"] for command in begun)
    for command in begun:
        importlib.import_module(command[2]).define().parse(command[3:])
    begun.clear()
    assert binary.run(reproduce, *flags) == 0 and begun == []
