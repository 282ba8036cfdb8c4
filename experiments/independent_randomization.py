"""Independent randomization: one block drawn anew at a time, all others as trained (paper, section 4.2).

    python -m experiments.independent_randomization --flagfile=experiments/flagfiles/quick.flags

Computes the maps of every method on every weight state, their similarity to the maps of the original weights, and
writes rows, tables and figures to --output_dir. Killed runs are resumed by the same command.
"""

from experiments import command
from experiments import randomization

define, check = randomization.define, randomization.check


def main(found):
    randomization.run(found, "independent")


if __name__ == "__main__":
    command.run(main, define)
