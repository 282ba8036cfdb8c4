"""Runs binaries as processes of their own, each once: what has ended well is not started again."""

import codecs
import json
import os
import subprocess
import sys
import time

from sanity_checks import parents
from sanity_checks.runs import files

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS, DONE = "logs", "done"             # folders beside the runs
_KIND = "the record of an experiment that is done"
_TAIL = 4000                            # characters of stderr that are kept for the reason of a failure


def run(name, binary, arguments, output_dir, executor=()):
    """Runs a binary into a folder, unless the same command has ended well there before.

    Its progress goes to stderr as it comes, what it prints to logs/NAME.txt. If this process is interrupted, terminated or
    killed, so is the binary.

    Args:
        name: str, the folder in `output_dir`.
        binary: str, module in `experiments`.
        arguments: sequence of str, flags besides --output_dir.
        output_dir: str.
        executor: sequence of str, flags that say who computes, which what has ended well does not depend on.

    Returns:
        str, why it failed, in a line; "" if it did not.
    """
    marker = os.path.join(output_dir, DONE, f"{name}.json")
    command = [f"experiments.{binary}", *arguments, f"--output_dir={os.path.join(output_dir, name)}"]
    files.remove_leftovers(os.path.dirname(marker))
    try:
        if os.path.exists(marker) and files.read_json(marker, _KIND, {"command": list})["command"] == command:
            return ""
    except ValueError as error:
        return f"{error}; remove it to run the experiment again"
    started = time.monotonic()
    status, tail = _execute([sys.executable, "-m", *command, *executor], os.path.join(output_dir, LOGS, f"{name}.txt"))
    if status != 0:
        return _reason(status, tail)
    record = {"command": command, "seconds": round(time.monotonic() - started, 1)}
    files.write_text(marker, json.dumps(record, indent=2) + "\n")
    return ""


def _execute(command, log):
    """Runs a command; returns its exit status and the end of its stderr, which is passed on as it comes."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    path = os.pathsep.join([ROOT, *filter(None, [os.environ.get("PYTHONPATH")])])
    tail, decoder = "", codecs.getincrementaldecoder("utf-8")("replace")
    with open(log, "wb") as output, subprocess.Popen(
            command, stdout=output, stderr=subprocess.PIPE, env={**parents.environment(), "PYTHONPATH": path}) as process:
        try:
            while chunk := process.stderr.read1():
                text = decoder.decode(chunk)
                print(text, end="", file=sys.stderr, flush=True)
                tail = (tail + text)[-_TAIL:]
        except BaseException:
            process.terminate()
            raise
    return process.returncode, tail


def _reason(status, tail):
    lines = [line.strip() for line in tail.replace("\r", "\n").split("\n") if line.strip()]
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return told[-1] if told else f"exit status {status}: {lines[-1] if lines else 'no message'}"
