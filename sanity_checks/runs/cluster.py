"""A Ray cluster computes the units of a job: workers load the model once, this process hands out one unit at a time.

What was tried and holds: workers that Ray restarts without end, whose tasks it does not repeat. A unit whose worker has died goes
back to the queue here, and is given up, by name and with the error, when that has happened three times. (Tasks that Ray repeats
a few times get lost when a node dies; those that it repeats for ever never end on a unit that kills its worker.)
"""

import collections
import dataclasses
import logging

from sanity_checks.runs import actors
from sanity_checks.runs import failures
from sanity_checks.runs import leases
from sanity_checks.runs import sharing

TIMEOUT = 1.                # seconds that an answer is waited for at a time
PATIENCE = 60               # such waits without a worker, after which it is said

logger = logging.getLogger("absl")


def compute(job, output_dir, queue, results, bar, cluster):
    """Has the units of a queue computed.

    Args:
        job: `job.Job`.
        output_dir: str.
        queue: `sharing.Queue`.
        results: `results.Results`.
        bar: tqdm bar.
        cluster: `actors.Cluster`.

    Raises:
        ValueError: no cluster, no worker that could load the model, or one that cannot write.
    """
    ray = actors.imported()
    with actors.connected(ray, cluster), actors.started(ray, job, output_dir, cluster, len(queue)) as started:
        driver = Driver(ray, started, queue, results, lambda unit: bar.update(job.work([unit])))
        driver.run(shared=cluster.results == actors.SHARED)


class Driver:
    """Hands units to workers and sees to what becomes of them.

    Args:
        ray: the module, or what stands for it.
        started: list of actors, `worker.Worker`.
        queue: `sharing.Queue`.
        results: `results.Results`.
        advance: function of a unit that is done.
    """

    def __init__(self, ray, started, queue, results, advance):
        self._ray, self._started, self._queue, self._results, self._advance = ray, started, queue, results, advance
        self._idle, self._busy, self._unable = collections.deque(), {}, []     # busy: reference -> (actor, its unit or None)
        self._attempts, self._waits = collections.Counter(), 0

    def run(self, shared):
        """Until no unit is left; `shared` says whether workers write the units' files."""
        for actor in self._started:
            self._prepare(actor)
        while not self._queue.is_hopeless():
            self._hand_out()
            at_work = any(unit is not None for _, unit in self._busy.values())
            if not at_work and not len(self._queue):
                break
            if not at_work and self._idle:
                self._queue.wait()                      # all that are left are other processes'
                continue
            self._look(shared)

    def _look(self, shared):
        done, _ = self._ray.wait(list(self._busy), num_returns=1, timeout=TIMEOUT)
        for reference in done:
            actor, unit = self._busy.pop(reference)
            try:
                outcome = self._ray.get(reference)
            except self._ray.exceptions.RayError as error:
                self._lost(actor, unit, error)
            else:
                self._answered(actor, unit, outcome, shared)
        self._waits = 0 if any(unit is not None for _, unit in self._busy.values()) else self._waits + (not done)
        if self._waits and self._waits % PATIENCE == 0:
            logger.warning("no worker is at work: the cluster has no room for one, or they end while they load the model")

    def _prepare(self, actor):
        self._busy[actor.ready.remote()] = actor, None

    def _hand_out(self):
        while self._idle:
            unit = self._queue.take(f"a worker of {leases.this_process()}")
            if unit is None:
                return
            actor = self._idle.popleft()
            self._busy[actor.compute.remote(unit)] = actor, unit

    def _lost(self, actor, unit, error):
        """A worker has died, which Ray starts again; its unit is for another."""
        if unit is None:
            self._unfit(failures.line(error))
            return
        self._prepare(actor)
        self._tried(unit, failures.Failure(unit.name, f"its worker has died ({failures.line(error)})", "seen by " + leases.this_process()))

    def _answered(self, actor, unit, outcome, shared):
        if unit is None and outcome.refusal:
            self._unfit(outcome.refusal)
            return
        self._idle.append(actor)
        if unit is None:
            return
        if outcome.refusal:
            raise ValueError(f"a worker could not go on: {outcome.refusal}")
        if outcome.failure:
            self._tried(unit, outcome.failure)
            return
        self._results.receive(unit, outcome.origin, None if shared else outcome.files)
        self._advance(unit)
        self._queue.finish(unit)

    def _tried(self, unit, failure):
        self._attempts[unit.name] += 1
        failure = dataclasses.replace(failure, attempts=self._attempts[unit.name])
        if failure.attempts >= sharing.ATTEMPTS:
            self._queue.fail(unit, failure, ValueError(f"{unit.name}: {failure.error} ({failure.who})"))
        else:
            logger.warning("%s is given to another worker: %s", unit.name, failure.error)
            self._queue.again(unit)

    def _unfit(self, line):
        self._unable.append(line)
        if len(self._unable) == len(self._started):
            raise ValueError(f"no worker could begin: {self._unable[0]}")
        logger.warning("a worker could not begin: %s", line)
