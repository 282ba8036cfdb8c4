"""What every binary does with its command line: stray words, numbers that are none, paths, what a terminal can show."""

import os
import subprocess
import sys

import pytest

from experiments import cascading_randomization
from experiments import command
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


def test_a_signal_that_other_software_turns_into_a_plain_interrupt_keeps_its_status():
    code = ("import os, signal, time\nfrom experiments import command\n"
            "def main(found):\n"
            "    try:\n        os.kill(os.getpid(), signal.SIGTERM)\n        time.sleep(10)\n"
            "    except KeyboardInterrupt:\n        raise KeyboardInterrupt from None\n"            # as Ray does
            "command.run(main, command.FlagSet)")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 143 and found.stderr == "terminated; the same command goes on\n"
