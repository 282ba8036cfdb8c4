"""Says which of the paper's 200 ImageNet images a folder holds, and which are missing, class by class.

    python -m experiments.check_imagenet_images --images=ILSVRC2012_val --csv=paper.csv

Sub-folders are searched. --csv writes a list of the images that are there, with labels, for the experiments'
--images. Exit status 0 if all are there, else 1.
"""

from absl import flags

from experiments import errors
from sanity_checks.paper import paper_images


def define_flags():
    """Defines the flags; a function, so that importing the module leaves other binaries' flags alone."""
    flags.DEFINE_string("images", None, "Folder of ImageNet validation images.", required=True)
    flags.DEFINE_string("csv", None, "File to write: the images found, with their labels.")


def check(folder, csv=None):
    """Prints what `folder` holds and writes it to `csv`, if given; returns whether it holds all."""
    images = paper_images.manifest()
    found = paper_images.find(folder, images)
    print(paper_images.describe(images, found))
    if csv and found:
        paper_images.write_csv(csv, images, found)
        print(f"listed in {csv}")
    return len(found) == len(images)


def main(_):
    return 0 if check(flags.FLAGS.images, flags.FLAGS.csv) else 1


if __name__ == "__main__":
    define_flags()
    errors.run(main)
