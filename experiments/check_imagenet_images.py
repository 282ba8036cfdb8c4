"""Says which of the paper's 200 ImageNet images a folder holds, and which are missing, class by class.

    python -m experiments.check_imagenet_images --images=ILSVRC2012_val --csv=paper.csv

Sub-folders are searched. --csv writes a list of the images that are there, with labels, for the experiments'
--images. Exit status 0 if all are there, else 1.
"""

from absl import flags

from experiments import command
from sanity_checks.paper import paper_images


def define():
    """The flags: `command.FlagSet`."""
    found, group = command.FlagSet(), "Images"
    found.add(group, flags.DEFINE_string, "images", None, "Folder of ImageNet validation images.")
    found.add(group, flags.DEFINE_string, "csv", None, "File to write: the images found, with their labels.")
    return found


def check(folder, csv=None):
    """Prints what `folder` holds and writes it to `csv`, if given; returns whether it holds all."""
    images = paper_images.manifest()
    found = paper_images.find(folder, images)
    print(paper_images.describe(images, found))
    if csv and found:
        paper_images.write_csv(csv, images, found)
        print(f"listed in {csv}")
    return len(found) == len(images)


def main(found):
    if not found.values.images:
        raise ValueError("images: expected a folder of ImageNet validation images, got nothing")
    return 0 if check(found.values.images, found.values.csv) else 1


if __name__ == "__main__":
    command.run(main, define)
