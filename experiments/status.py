"""How far runs are: units done, running (by whom, since when), failed and missing, the rate and the time left.

    python -m experiments.status --run_dirs=runs/cnn,runs/mlp --watch

Units that are missing are listed as an --array of SLURM's too, of tasks that compute one unit each. Reads run directories while any
number of processes write them; a folder of runs stands for all runs in it. Needs no TensorFlow.
"""

import sys
import time

from absl import flags

from experiments import command
from sanity_checks.runs import progress

INTERVAL = 5.               # seconds from one look to the next with --watch
_CLEAR = "\033[H\033[J"     # of terminals: home, and clear from there
_SHOWN = 20                 # lines of running or of failed units


def define():
    """The flags: `command.FlagSet`."""
    found, group = command.FlagSet(), "Status"
    found.add(group, flags.DEFINE_list, "run_dirs", [], "Run directories, or folders of runs, separated by commas.")
    found.add(group, flags.DEFINE_bool, "watch", False, f"Look again every {INTERVAL:.0f} seconds, until all is done.")
    return found


def main(found):
    options = found.values
    if not options.run_dirs:
        raise ValueError("run_dirs: expected at least one run directory, got nothing")
    while True:
        states = [progress.of(path) for given in options.run_dirs for path in progress.runs_in(given)]
        text = "\n".join(line for state in states for line in lines(state))
        print(f"{_CLEAR if options.watch and sys.stdout.isatty() else ''}{text}", flush=True)
        if not options.watch or not any(state.left or state.running for state in states):
            return
        time.sleep(INTERVAL)


def lines(state):
    """What is said of a run (`progress.Progress`): list of str."""
    missing = len(state.missing) if state.missing is not None else max(0, state.left - len(state.running))
    total = f"of {state.total} units" if state.total else "units (how many are to be is recorded with the first)"
    found = [f"{state.path}: {state.done} {total} done, {len(state.running)} running, {missing} missing"
             + (f", {len(state.failed)} of them failed" if state.failed else "")]
    if state.rate and state.left:
        left = f", about {duration(state.seconds_left)} left" if state.seconds_left else ", nothing is running"
        found.append(f"  rate     {60 * state.rate:.3g} units a minute{left}")
    running = [f"  running  {lease.unit}: {lease.who}, since {time.strftime('%H:%M:%S', time.localtime(lease.since))} "
               f"({duration(max(0., state.now - lease.since))})" for lease in state.running]
    failed = [f"  failed   {failure.unit}: {failure.error} ({failure.who}{_attempts(failure)})" for failure in state.failed]
    found += [*_few(running, "running"), *_few(failed, "failed")]
    if state.missing:
        found.append(f"  missing  --array={progress.ranges(state.missing)} with --shard=$SLURM_ARRAY_TASK_ID --num_shards={state.total}")
    return found


def duration(seconds):
    """Seconds in words: "40 s", "12 min", "3.5 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _attempts(failure):
    return f", {failure.attempts} attempts" if failure.attempts > 1 else ""


def _few(listed, what):
    more = len(listed) - _SHOWN
    return listed[:_SHOWN] + ([f"  {what:8} and {more} more"] if more > 0 else [])


if __name__ == "__main__":
    command.run(main, define)
