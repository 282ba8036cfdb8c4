"""The templates of docs/cluster: they parse, the commands in them are those of the binaries, and the SLURM array runs in small."""

import importlib
import os
import pathlib
import shlex
import signal
import subprocess
import sys

import pytest

from sanity_checks import runs
from sanity_checks.runs import reading
from tests.runs import test_cluster

ROOT = pathlib.Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "cluster"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
BASH = "/bin/bash"
pytestmark = pytest.mark.skipif(not os.path.exists(BASH), reason="no bash")
# Stand-ins for SLURM's and Ray's commands: each writes its arguments, a line each, and srun runs what it is given.
TOOL = """#!/bin/bash
printf '%s\\n' "$(basename "$0")" "$@" >> "$CALLS"
case "$(basename "$0") $*" in srun*) "$@" ;; "scontrol show hostnames"*) echo node1; echo node2 ;; esac
"""


@pytest.fixture
def environment(tmp_path):
    """Environment variables in which SLURM's and Ray's commands are `TOOL`, and python is this one."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("srun", "scontrol", "ray"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(0o755)
    (tools / "python").write_text(f'#!/bin/bash\nexec {shlex.quote(sys.executable)} "$@"\n')
    (tools / "python").chmod(0o755)
    flagfile = tmp_path / "my.flags"
    flagfile.write_text("--dataset=mnist_5k\n--num_images=150\n--images_per_unit=1\n--metrics=spearman\n--scales=1\n--distributions=uniform\n")
    return {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "CALLS": str(tmp_path / "calls"),
            "TEST": "input_times_random", "FLAGFILE": str(flagfile), "OUTPUT_DIR": str(tmp_path / "run"),
            "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_JOB_NUM_NODES": "2", "SLURM_ARRAY_JOB_ID": "77", "SLURM_ARRAY_TASK_ID": "3"}


def calls(tmp_path):
    return (tmp_path / "calls").read_text().splitlines()


def parsed(command):
    """The flags of a command "python -m experiments.NAME ...", list of str, as its binary reads them."""
    assert command[:2] == ["python", "-m"]
    binary = importlib.import_module(command[2])
    return binary.define().parse(command[3:])


@pytest.mark.parametrize("path", [*SCRIPTS, FOLDER], ids=lambda path: path.name)
def test_every_template_parses_and_is_in_the_guide(path):
    guide = (ROOT / "docs" / "cluster.md").read_text()
    if path.suffix == ".sh":
        assert subprocess.run([BASH, "-n", path], capture_output=True, text=True).stderr == ""
        assert f"cluster/{path.name}" in guide and f"docs/cluster/{path.name}" in path.read_text()
    else:
        assert {entry.name for entry in path.iterdir()} == {script.name for script in SCRIPTS} | {"kubernetes_job.yaml"}
        assert "cluster/kubernetes_job.yaml" in guide


def test_the_kubernetes_job_is_one_and_its_shards_are_its_pods(tmp_path):
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((FOLDER / "kubernetes_job.yaml").read_text())
    spec, (container,) = job["spec"], job["spec"]["template"]["spec"]["containers"]
    assert (job["apiVersion"], job["kind"], spec["completionMode"]) == ("batch/v1", "Job", "Indexed")
    assert spec["template"]["spec"]["restartPolicy"] == "Never", "which backoffLimitPerIndex and podFailurePolicy need"
    (tmp_path / "my.flags").write_text("")
    command = [part.replace("$(JOB_COMPLETION_INDEX)", "15").replace("/shared/my.flags", str(tmp_path / "my.flags"))
               for part in container["command"]]
    options = parsed(command)
    assert options.num_shards == spec["completions"] == options.shard + 1


def test_ray_in_slurm_and_a_ray_job_are_commands_of_ray(environment, tmp_path):
    pytest.importorskip("ray")
    from ray.scripts import symmetric_run
    for script in ("slurm_ray.sh", "ray_job.sh"):
        (tmp_path / "calls").write_text("")
        assert subprocess.run([BASH, FOLDER / script], env=environment, cwd=tmp_path).returncode == 0
        told = calls(tmp_path)
        arguments = told[len(told) - told[::-1].index("ray"):]
        before, command = arguments[:arguments.index("--")], arguments[arguments.index("--") + 1:]
        options = parsed(command)
        assert (options.executor, options.ray_address, options.output_dir) == ("ray", "auto", str(tmp_path / "run"))
        if script == "slurm_ray.sh":
            assert before == ["symmetric-run", "--address", "node1:6379", "--min-nodes", "2"]
            known = {option for parameter in symmetric_run.symmetric_run.params for option in parameter.opts}
            assert {"--address", "--min-nodes"} <= known
        else:
            assert before[:2] == ["job", "submit"] and options.results == "driver"


@pytest.mark.slow
def test_a_task_of_the_slurm_array_that_is_preempted_is_queued_again_and_goes_on(environment, tmp_path):
    task = subprocess.Popen([BASH, FOLDER / "slurm_array.sh"], env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    test_cluster.wait_for(str(tmp_path / "run"), 2)
    task.send_signal(signal.SIGTERM)
    assert "terminated; the same command goes on" in task.communicate()[1] and task.returncode == 143
    assert calls(tmp_path) == ["scontrol", "requeue", "77_3"]
    missing, total = reading.units_missing(str(tmp_path / "run"))
    assert 0 < missing < total == 150
    (tmp_path / "calls").unlink()
    assert subprocess.run([BASH, FOLDER / "slurm_array.sh"], env=environment, cwd=tmp_path, capture_output=True).returncode == 0
    assert runs.unfinished(str(tmp_path / "run")) == "" and not (tmp_path / "calls").exists()
    assert not [name for name in os.listdir(tmp_path / "run" / "similarities") if name.startswith(".")]
