"""The null of the randomization tests: maps of one random network against those of another, same images, same methods.

    python -m experiments.random_networks --flagfile=experiments/flagfiles/quick.flags --output_dir=runs/quick_null

What two unrelated networks' maps have in common, the input and the method make. A method whose maps are no more alike
than this after randomization has followed the weights. Flags and files are those of the randomization tests.
"""

from experiments import command
from experiments import randomization

define, check = randomization.define, randomization.check


def main(found):
    randomization.run(found, "random_networks")


if __name__ == "__main__":
    command.run(main, define)
