"""What every binary does with its command line: stray words, numbers that are none, paths, what a terminal can show."""

import os
import subprocess
import sys
import types

import pytest

from experiments import cascading_randomization
from experiments import command
from experiments import quiet
from tests.attacks import attack
from tests.experiments import binary


@pytest.mark.parametrize("arguments, line", [
    (["--methods=gradient", "smoothgrad"],
     "--methods: expected a list with commas and no spaces, --methods=gradient,smoothgrad, found 'smoothgrad' as a word of its own"),
    (["--methods=gradient,", "smoothgrad"],
     "--methods: expected a list with commas and no spaces, --methods=gradient,smoothgrad, found 'smoothgrad' as a word of its own"),
    (["--randomize_batch_norm_statistics", "false"],
     "--randomize_batch_norm_statistics: expected --randomize_batch_norm_statistics=false or --norandomize_batch_norm_statistics, "
     "found 'false' as a word of its own"),
    (["runs/x"], "expected flags alone, got 'runs/x'; write --flag=value, lists with commas"),
    (["--seed=1", "2"], "expected flags alone, got '2'; write --flag=value, lists with commas"),
    (["--smoothgrad_noise=inf"], "--smoothgrad_noise: expected a finite number, got inf"),
    (["--integrated_gradients_baseline=nan"], "--integrated_gradients_baseline: expected a finite number, got nan"),
    (["--initializer_stddev=-inf"], "--initializer_stddev: expected a finite number, got -inf"),
    (["--output_dir=runs/x "], "--output_dir: 'runs/x ' begins or ends with white space or has several lines, which a flagfile cannot hold"),
    (["--output_dir=runs/\nx"], "--output_dir: 'runs/\\nx' begins or ends with white space or has several lines, which a flagfile cannot hold"),
])
def test_a_wrong_command_line_names_its_mistake(arguments, line):
    assert binary.refusal(cascading_randomization, *arguments) == line


def test_a_home_is_expanded_in_every_path():
    home = os.path.expanduser("~")
    found = binary.parsed(cascading_randomization, "--output_dir=~/run", "--weights=~/w.h5", "--images=~/photos", "--model=~/m.keras",
                          "--data_dir=~", "--seed=3")
    values = found.values
    assert (values.output_dir, values.weights, values.images, values.model, values.data_dir) == tuple(
        os.path.join(home, name) for name in ("run", "w.h5", "photos", "m.keras", "")) or values.data_dir == home
    assert f"--output_dir={home}/run\n" in found.flagfile()


def test_a_binary_flagfile_is_named(tmp_path):
    (tmp_path / "flags.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert binary.refusal(cascading_randomization, f"--flagfile={tmp_path}/flags.png").startswith(
        f"--flagfile={tmp_path}/flags.png: cannot be read")


def test_a_terminal_of_ascii_and_a_strange_backend_end_no_run():
    script = "from experiments import command; import sys; sys.argv = ['x']; command.run(lambda found: print('\\u2299'), command.FlagSet)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={
        **os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "MPLBACKEND": "bogus"})
    assert (done.returncode, done.stdout) == (0, "\\u2299\n"), done.stderr
    assert command.os.environ["MPLBACKEND"] == "agg"


def test_closed_streams_end_no_run(tmp_path):
    script = (f"import sys; sys.argv = ['x']; from experiments import command; "
              f"command.run(lambda found: (print('shown'), open('{tmp_path}/done', 'w').close()) and None, command.FlagSet)")
    done = subprocess.run(["sh", "-c", f'"{sys.executable}" -c "{script}" >&- 2>&- <&-'], capture_output=True)
    assert (done.returncode, done.stdout, os.listdir(tmp_path)) == (0, b"", ["done"])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_stdout_is_one_line():
    script = "import sys; sys.argv = ['x']; from experiments import command; command.run(lambda found: print('shown'), command.FlagSet)"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and done.stderr.endswith("No space left on device\n")
    assert done.stderr.count("\n") == 1


def test_flags_of_a_moved_folder_run_where_it_lies(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "flags.flags").write_text("--output_dir=/nowhere/run\n--seed=3\n")
    values = binary.parsed(cascading_randomization, f"--flagfile={tmp_path}/flags.flags").values
    assert (values.output_dir, values.seed) == (str(tmp_path), 3)


def test_out_of_memory_is_one_line():
    def hungry(found):
        raise MemoryError("Unable to allocate 14 GB")
    ended = attack.run(types.SimpleNamespace(main=hungry, define=cascading_randomization.define, __file__="x"), ["--verbosity=warning"], "")
    assert ended.status == 1 and ended.stderr == "error: out of memory (Unable to allocate 14 GB); a lower --batch_size needs less\n"


def test_a_signal_that_other_software_turns_into_a_plain_interrupt_keeps_its_status():
    code = ("import os, signal, time\nfrom experiments import command\n"
            "def main(found):\n"
            "    try:\n        os.kill(os.getpid(), signal.SIGTERM)\n        time.sleep(10)\n"
            "    except KeyboardInterrupt:\n        raise KeyboardInterrupt from None\n"            # as Ray does
            "command.run(main, command.FlagSet)")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 143 and found.stderr == "terminated; the same command goes on\n"


@pytest.mark.parametrize("level, hushed", [(None, True), ("3", True), ("0", False)])
def test_a_terminal_is_kept_quiet_unless_the_user_asks_for_messages(monkeypatch, level, hushed):
    """A binary that another starts finds the level that this one has set."""
    monkeypatch.delenv(quiet.LEVEL, raising=False)
    if level is not None:
        monkeypatch.setenv(quiet.LEVEL, level)
    before = quiet.lazy.around_import
    monkeypatch.setattr(quiet.lazy, "around_import", before)
    quiet.begin("info")
    assert (quiet.lazy.around_import is not before) == hushed and os.environ[quiet.LEVEL] == (level or "3")
