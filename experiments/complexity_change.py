"""How much more complex maps become when all weights are random: the efficient MPRT (Hedstrom et al. 2024).

    python -m experiments.complexity_change --flagfile=experiments/flagfiles/complexity_change_quick.flags

Computes the maps of every method on the original weights and with all blocks drawn anew, and the relative rise of their
entropy (metric efficient_mprt: a method is the better, the higher), and writes rows, tables and figures to --output_dir.
Killed runs are resumed by the same command.
"""

from experiments import command
from experiments import randomization


def define():
    """The flags: `command.FlagSet`."""
    return randomization.define(metrics=False)


check = randomization.check


def main(found):
    randomization.run(found, "complexity_change")


if __name__ == "__main__":
    command.run(main, define)
