"""Bottom-up randomization: blocks drawn anew from the input upward, cumulatively (Binder et al., CVPR 2023).

    python -m experiments.bottom_up_randomization --flagfile=experiments/flagfiles/quick.flags

Computes the maps of every method on every weight state, their similarity to the maps of the original weights, and
writes rows, tables and figures to --output_dir. Killed runs are resumed by the same command.
"""

from experiments import command
from experiments import randomization

define, check = randomization.define, randomization.check


def main(found):
    randomization.run(found, "bottom_up")


if __name__ == "__main__":
    command.run(main, define)
