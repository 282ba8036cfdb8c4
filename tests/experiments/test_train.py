"""The training binary: what it refuses leaves its folder as it was."""

from experiments import train
from tests.experiments import binary


def test_a_run_is_not_overwritten(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "flags.flags").write_text("--draws=3\n")
    told = binary.refusal(train, "--model=mlp", "--dataset=mnist_5k", "--iterations=1", f"--output_dir={tmp_path}")
    assert told == f"--output_dir: {tmp_path} holds a run (run.json); train into a folder of its own"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flags.flags", "run.json"]
    assert (tmp_path / "flags.flags").read_text() == "--draws=3\n"
