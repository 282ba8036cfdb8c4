"""A Ray cluster as executor: workers and nodes that die, units that fail, a driver that is killed; and the driver by itself."""

import dataclasses
import functools
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from sanity_checks import runs
from sanity_checks.runs import actors
from sanity_checks.runs import cluster
from sanity_checks.runs import execute
from sanity_checks.runs import failures
from sanity_checks.runs import job as jobs
from sanity_checks.runs import leases
from sanity_checks.runs import results
from sanity_checks.runs import sharing
from sanity_checks.runs import work_units
from sanity_checks.runs import worker
from tests.experiments import binary

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = 12
# A driver of its own, to be killed: the job of `Build(sys.argv[2])` on the cluster of the third argument.
DRIVER = """
import sys
from sanity_checks.runs import actors, execute
from tests.runs import test_cluster
execute.execute(test_cluster.job(test_cluster.Build(sys.argv[2], slow=0.3)), sys.argv[1], ray=actors.Cluster(sys.argv[3], 1))
"""


@dataclasses.dataclass(frozen=True)
class Build:
    """Builds what computes units; `marks` is a folder that says what has happened."""
    marks: str
    fails: tuple = ()           # units that always fail
    kills: tuple = ()           # units that end their worker the first time
    slow: float = 0.

    def __call__(self):
        return self.compute

    def compute(self, unit, progress):
        mark = os.path.join(self.marks, f"killed{unit.first}")
        if unit.first in self.kills and not os.path.exists(mark):
            open(mark, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.slow)
        if unit.first in self.fails:
            raise ValueError("no such luck")
        rows = runs.Collector("m", "d", "t", unit.draw, [str(unit.first)])
        rows.add(1, "s", "gradient", "ssim", np.array([unit.first / 100]), 3)
        maps = runs.FigureMaps(np.zeros((4, 4, 1), np.float32), str(unit.first), (0., 1.), 1, ("s",),
                               {"gradient": np.ones((1, 4, 4, 1), np.float32)}, np.ones(1, int))
        return rows.frame(), [maps] if unit.first < 2 else []


def job(build, count=UNITS):
    return jobs.Job("t", {"seed": 0}, {"weights": "a"}, tuple(work_units.units(1, count, 1)), 1, build)


def values(folder):
    return sorted(runs.read_rows([folder]).value.tolist())


def name(position):
    return work_units.Unit(0, position, position + 1).name


class Gone(Exception):
    """What the stand-in for Ray raises of a worker that has died."""


class Actor:
    """An actor in this process, whose answers are at hand at once; `behaviour` is a function (unit) that may raise `Gone`."""

    def __init__(self, made, behaviour=lambda unit: None):
        self.made, self.behaviour, self.ready, self.compute = made, behaviour, self, self
        self.units = []

    def remote(self, *unit):
        """A reference: the function that answers."""
        if not unit:
            return lambda: self.made.ready()
        self.units += unit

        def answer():
            self.behaviour(*unit)
            return self.made.compute(*unit)
        return answer


class Ray:
    """What `cluster.Driver` uses of Ray."""
    class exceptions:
        RayError = Gone

    @staticmethod
    def wait(references, num_returns, timeout):
        return references[:1], references[1:]

    @staticmethod
    def get(reference):
        return reference()


def drive(folder, actors_of, build=None, shared=True, count=UNITS):
    """Runs the driver on a job with these actors; returns the queue."""
    made = job(build or Build(folder), count)
    os.makedirs(folder, exist_ok=True)
    held = results.Results(made, folder)
    with leases.Leases(sharing.folder(folder)) as taken:
        queue = sharing.Queue(folder, made.units, taken, held.find)
        advanced = []
        cluster.Driver(Ray, actors_of(made), queue, held, advanced.append).run(shared)
    assert len(advanced) == queue.computed
    return queue


def made_worker(made, folder):
    found = worker.Worker(b"", folder, os.getcwd(), False)
    found._job, found._compute = made, made.build()
    return found


@pytest.mark.parametrize("workers_write", [True, False])
def test_a_unit_whose_worker_dies_goes_to_another_and_is_given_up_after_three(tmp_path, workers_write):
    def dies(unit):
        if unit.first == 3 or (unit.first == 5 and len(os.listdir(tmp_path / "marks")) < 2):
            (tmp_path / "marks" / str(time.monotonic_ns())).touch() if unit.first == 5 else None
            raise Gone("connection reset")
    (tmp_path / "marks").mkdir()
    folder = str(tmp_path / "run")
    started = []

    def both(made):
        started.extend(Actor(made_worker(made, folder if workers_write else None), dies) for _ in range(2))
        return started
    queue = drive(folder, both, shared=workers_write)
    assert list(queue.failed) == [name(3)] and queue.failed[name(3)].attempts == 3
    assert "its worker has died (Gone: connection reset)" in failures.read(folder)[name(3)].error
    assert values(folder) == [i / 100 for i in range(UNITS) if i != 3] and len(os.listdir(os.path.join(folder, "maps"))) == 2
    assert min(len(actor.units) for actor in started) > 3, "both workers are used"
    assert sum(unit.first == 5 for actor in started for unit in actor.units) == 3


def test_a_unit_that_fails_is_tried_three_times_and_the_others_are_done(tmp_path):
    folder = str(tmp_path / "run")
    queue = drive(folder, lambda made: [Actor(made_worker(made, folder))], Build(folder, fails=(7,)))
    assert queue.failed[name(7)].error == "ValueError: no such luck" and queue.failed[name(7)].attempts == 3
    assert str(os.getpid()) in queue.failed[name(7)].who and queue.computed == UNITS - 1


def test_a_worker_that_cannot_load_is_left_out_and_if_none_can_that_is_said(tmp_path):
    def no_model():
        raise OSError("no such file: weights.h5")
    folder = str(tmp_path / "run")

    def unfit(made):
        found = worker.Worker(b"", folder, os.getcwd(), False)
        found._load = no_model
        return Actor(found)
    queue = drive(folder, lambda made: [unfit(made), Actor(made_worker(made, folder))])
    assert queue.computed == UNITS
    with pytest.raises(ValueError, match=r"no worker could begin: OSError: no such file: weights.h5 \(process"):
        drive(str(tmp_path / "other"), lambda made: [unfit(made), unfit(made)])


def test_a_worker_that_cannot_write_ends_the_run_in_a_line(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "rows.parquet")
    folder = str(tmp_path / "run")
    monkeypatch.setattr(runs.RunDirectory, "write_unit", full)
    with pytest.raises(ValueError, match="a worker could not go on: OSError: .*No space left on device"):
        drive(folder, lambda made: [Actor(made_worker(made, folder))])


def test_a_folder_that_is_not_shared_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "VISIBLE", 1)
    with pytest.raises(ValueError, match="not to be seen here.*results=driver"):
        drive(str(tmp_path / "run"), lambda made: [Actor(made_worker(made, str(tmp_path / "elsewhere")))])


def test_a_unit_of_another_process_is_left_to_it(tmp_path, monkeypatch):
    folder = str(tmp_path / "run")
    with leases.Leases(sharing.folder(folder)) as other:
        other.take(name(4))

        def finish(self):
            results.Results(job(Build(folder)), folder).compute(work_units.Unit(0, 4, 5), Build(folder).compute, None)
            self.is_last = False
        monkeypatch.setattr(sharing.Queue, "wait", finish)
        queue = drive(folder, lambda made: [Actor(made_worker(made, folder))])
    assert queue.computed == UNITS - 1 and len(values(folder)) == UNITS and not queue.is_last


def test_how_many_workers_there_is_room_for():
    assert actors.room({"CPU": 8., "GPU": 2.}, 0.5, 1) == 4 and actors.room({"CPU": 8.}, 0, 2) == 4
    assert actors.room({"CPU": 1.}, 0, 4) == 1


def test_without_ray_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"executor: .*pip install 'sanity-checks\[cluster\]'"):
        actors.imported()


def test_a_worker_without_gpus_takes_none_and_one_with_leaves_rays_choice(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.chdir(tmp_path)
    worker.Worker(b"", None, str(tmp_path), hides_gpus=False)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    worker.Worker(b"", None, str(tmp_path), hides_gpus=True)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "-1"
    assert actors.environment(actors.Cluster(cpus_per_worker=2))["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


@pytest.fixture(scope="module")
def nodes():
    """A cluster of two nodes of one CPU each on this machine, and this process connected to it: `ray.cluster_utils.Cluster`."""
    ray = pytest.importorskip("ray")
    from ray import cluster_utils
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        made.second = made.add_node(num_cpus=1)
        ray.init(address=made.address, log_to_driver=False)
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.mark.slow
def test_a_binary_on_a_cluster_has_the_rows_of_one_process(nodes, tmp_path):
    from experiments import aggregate
    from experiments import cascading_randomization as test
    flags = ["--model=mlp", "--weights=random", "--dataset=mnist_5k", "--num_images=6", "--images_per_unit=2", "--draws=2",
             "--methods=gradient,smoothgrad", "--smoothgrad_samples=2", "--metrics=spearman,ssim", "--figure_images=0"]
    quietly = [(aggregate, "draw", lambda *where: None)]
    binary.run(test, *flags, f"--output_dir={tmp_path / 'one'}", patches=quietly)
    binary.run(test, *flags, f"--output_dir={tmp_path / 'many'}", "--executor=ray", "--workers=2", "--results=driver", patches=quietly)
    key = ["draw", "stage_index", "method", "metric", "image_id"]
    one, many = (runs.read_rows([str(tmp_path / which)]).sort_values(key).reset_index(drop=True) for which in ("one", "many"))
    assert one[key].astype(str).equals(many[key].astype(str))
    np.testing.assert_allclose(one.value, many.value, rtol=0, atol=1e-5)
    assert "executor" not in (tmp_path / "many" / "flags.flags").read_text()
    assert os.listdir(tmp_path / "many" / "maps") == os.listdir(tmp_path / "one" / "maps")


def leave_mark(path):
    """Ends its worker the first time, and leaves a file the second."""
    if not os.path.exists(f"{path}.first"):
        open(f"{path}.first", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    open(path, "w").close()


def refuse():
    raise OSError("no such file: mnist.npz")


@pytest.mark.slow
def test_trainings_are_repeated_where_their_worker_dies_and_an_error_is_one_line(nodes, tmp_path):
    actors.call_all(actors.Cluster(), [functools.partial(leave_mark, str(tmp_path / name)) for name in "ab"])
    assert {"a", "b"} <= set(os.listdir(tmp_path))
    with pytest.raises(ValueError, match="^OSError: no such file: mnist.npz$"):
        actors.call_all(actors.Cluster(), [refuse])


@pytest.mark.slow
def test_a_driver_that_is_killed_is_started_again_and_goes_on(nodes, tmp_path):
    folder = str(tmp_path / "run")
    process = subprocess.Popen([sys.executable, "-c", DRIVER, folder, str(tmp_path), nodes.address], cwd=ROOT,
                               env={**os.environ, "PYTHONPATH": ROOT}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_for(folder, 2)
    process.kill()
    process.wait()
    done = len(os.listdir(os.path.join(folder, "similarities")))
    assert execute.execute(job(Build(str(tmp_path))), folder, progress=False, ray=actors.Cluster(workers=1))
    assert done < UNITS and values(folder) == [i / 100 for i in range(UNITS)]


@pytest.mark.slow
def test_dead_workers_a_dead_node_and_a_unit_that_always_fails(nodes, tmp_path):
    folder = str(tmp_path / "run")
    node = threading.Thread(target=lambda: (wait_for(folder, 4), nodes.remove_node(nodes.second, allow_graceful=False)))
    node.start()
    with pytest.raises(ValueError, match=rf"1 of {UNITS} units could not be computed: {name(7)} \(ValueError: no such luck; process"):
        execute.execute(job(Build(str(tmp_path), fails=(7,), kills=(1, 5), slow=0.2)), folder, progress=False,
                        ray=actors.Cluster(workers=2))
    node.join()
    assert values(folder) == [i / 100 for i in range(UNITS) if i != 7] and {"killed1", "killed5"} <= set(os.listdir(tmp_path))
    assert list(failures.read(folder)) == [name(7)] and runs.unfinished(folder) == f"1 of {UNITS} units is missing"


def wait_for(folder, count, seconds=120):
    """Until a run has so many units."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        rows = os.path.join(folder, "similarities")
        if os.path.isdir(rows) and sum(name.endswith(".parquet") and name[0] != "." for name in os.listdir(rows)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"{count} units are not done after {seconds} s")
