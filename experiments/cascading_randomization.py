"""Cascading randomization: blocks drawn anew from the logits downward, cumulatively (paper, section 4.1).

    python -m experiments.cascading_randomization --flagfile=experiments/flagfiles/quick.flags

Computes the maps of every method on every weight state, their similarity to the maps of the original weights, and
writes rows, tables and figures to --output_dir. Killed runs are resumed by the same command.
"""

from experiments import command
from experiments import randomization

define, check = randomization.define, randomization.check


def main(found):
    randomization.run(found, "cascading")


if __name__ == "__main__":
    command.run(main, define)
