"""experiments.check: from a model and images to verdicts and a page; experiments.report draws the page of any runs again."""

import os

import keras
import numpy as np
import pytest

from experiments import cascading_randomization
from experiments import check
from experiments import report
from sanity_checks import runs
from sanity_checks.comparison import runner
from tests import registry
from tests.experiments import binary

TESTS = ("cascading", "independent", "random_networks")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Flags of a model and of images of a user's own."""
    folder = tmp_path_factory.mktemp("given")
    keras.utils.set_random_seed(0)
    registry.NETWORKS["small_cnn_of_keras_3"]().save(folder / "mine.keras")
    images = np.random.default_rng(0).random((9, 28, 28, 1), np.float32)
    np.savez(folder / "mine.npz", images=images)
    return f"--model={folder / 'mine.keras'}", f"--images={folder / 'mine.npz'}"


SMALL = ("--methods=gradient,guided_backprop", "--num_images=8", "--draws=2", "--null_draws=3", "--figure_images=0")


@pytest.fixture(scope="module")
def finished(given, tmp_path_factory):
    """(Folder of a finished check, what it printed)."""
    directory, lines = tmp_path_factory.mktemp("check") / "out", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda *words, **options: lines.append(" ".join(map(str, words))))
        binary.run(check, *given, *SMALL, f"--output_dir={directory}")
    return directory, "\n".join(lines)


def test_all_tests_are_run_with_controls_and_a_null(finished):
    directory, _ = finished
    rows = runs.read_rows([str(directory / test) for test in TESTS])
    counts = rows.groupby("test", observed=True)["draw"].nunique().to_dict()
    assert counts == {"cascading": 2, "independent": 2, "random_networks": 3}
    assert set(rows["method"]) == {"gradient", "guided_backprop", "edge_detector", "random_map"}
    assert set(rows["metric"]) == {"spearman_abs", "spearman"} and rows["image_id"].nunique() == 8


def test_it_says_what_it_does_and_what_to_conclude(finished):
    directory, text = finished
    for part in ("blocks    4: softmax_linear, fc1, conv2, conv1", "cascading (5 states x 2 draws)", "random_networks (2\n          states x 3 draws)",
                 "Cascading Randomization: mine", "Independent Randomization: mine", "Edge Detector", "insensitive",
                 f"report: {directory}/report/index.html"):
        assert part in text, part
    assert "<h2>Verdicts</h2>" in (directory / "report" / "index.html").read_text()


def test_the_same_command_computes_nothing_again(finished, given, monkeypatch):
    directory, _ = finished
    monkeypatch.setattr(runner, "run_unit", lambda *arguments, **keywords: pytest.fail("computed again"))
    monkeypatch.setattr(check.report, "write", lambda *arguments, **keywords: "page")
    binary.run(check, *given, *SMALL, f"--output_dir={directory}")


def test_a_tests_own_flagfile_runs_it_again(finished, monkeypatch):
    directory, _ = finished
    monkeypatch.setattr(runner, "run_unit", lambda *arguments, **keywords: pytest.fail("computed again"))
    binary.run(cascading_randomization, f"--flagfile={directory / 'cascading' / 'flags.flags'}")


def test_a_plan_writes_nothing_and_chooses_methods(given, tmp_path, capsys):
    binary.run(check, *given, "--plan", "--metrics=spearman", f"--output_dir={tmp_path / 'out'}", "--minutes=0")
    text = " ".join(capsys.readouterr().out.split())
    assert not os.path.exists(tmp_path / "out")
    assert "images 8 of arrays" in text and "cascading (5 states x 2 draws)" in text and "time about" in text
    chosen = text.partition("methods ")[2].partition("left out")[0]
    assert "smoothgrad" in chosen and "random_map" in chosen and "integrated_gradients_smoothgrad" not in chosen
    assert "integrated_gradients_smoothgrad: needs 1,251 passes an image" in text


def test_a_killed_check_goes_on_with_its_plan(given, tmp_path, monkeypatch):
    """What was measured at the first start is not measured again, so that another machine's speed changes nothing."""
    def killed(*arguments, **keywords):
        raise KeyboardInterrupt
    arguments = (*given, "--methods=gradient", "--minutes=0", f"--output_dir={tmp_path / 'out'}")
    with pytest.raises(KeyboardInterrupt):
        binary.run(check, *arguments, patches=[(runner, "run_unit", killed)])
    monkeypatch.setattr(check.planning, "seconds_per_image", lambda *arguments: pytest.fail("measured again"))
    monkeypatch.setattr(check.report, "write", lambda *arguments, **keywords: "page")
    binary.run(check, *arguments)
    assert runs.read_rows([str(tmp_path / "out" / "cascading")])["draw"].nunique() == 2


def test_few_images_are_warned_of_before_anything_runs(given, tmp_path, monkeypatch):
    warned = []
    monkeypatch.setattr(check.logging, "warning", lambda text, *values: warned.append(text % values))
    binary.run(check, *given, *SMALL[:1], "--num_images=3", "--draws=1", "--plan", f"--output_dir={tmp_path}/out")
    assert warned == ["with 3 images, fewer than 8, verdicts will be about these images alone; with one draw nothing is decided"]


@pytest.mark.parametrize("flags, message", [
    ((), "--output_dir: expected a folder for the run, got nothing"),
    (("--num_images=10",), "--num_images: arrays has 9 test images, got 10"),
    (("--methods=gradent",), "--methods: unknown method 'gradent'"),
])
def test_wrong_flags_end_in_one_line(given, tmp_path, flags, message):
    output = [f"--output_dir={tmp_path / 'out'}"] if flags else []
    assert binary.refusal(check, *given, *flags, *output).startswith(message)
    assert not os.path.exists(tmp_path / "out")


def test_a_damaged_plan_is_named(given, tmp_path):
    (tmp_path / "plan.json").write_text("[]")
    assert str(tmp_path / "plan.json") in binary.refusal(check, *given, f"--output_dir={tmp_path}")


def test_the_page_of_run_directories_is_drawn_again(finished, tmp_path, capsys):
    directory, _ = finished
    binary.run(report, f"--run_dirs={directory / 'cascading'},{directory / 'random_networks'}", f"--output_dir={tmp_path / 'page'}", "--title=Mine")
    assert capsys.readouterr().out == f"report: {tmp_path / 'page' / 'index.html'}\n"
    assert "<title>Mine" in (tmp_path / "page" / "index.html").read_text()
    assert binary.refusal(report, "--output_dir=x") == "--run_dirs: expected at least one run directory, got nothing"
    assert binary.refusal(report, "--run_dirs=x") == "--output_dir: expected a folder for the report, got nothing"
    assert "not a run directory" in binary.refusal(report, f"--run_dirs={tmp_path}", "--output_dir=x")
