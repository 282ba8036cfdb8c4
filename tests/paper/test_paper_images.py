"""The manifests of the paper's images and of ImageNet's classes, and the search for the images in a folder."""

import collections
import csv

from PIL import Image
import pytest

from sanity_checks import datasets
from sanity_checks.datasets import manifests
from sanity_checks.paper import paper_images

IMAGES = (paper_images.PaperImage("ILSVRC2012_val_00000204", 401, "accordion"),
          paper_images.PaperImage("ILSVRC2012_val_00003980", 401, "accordion"),
          paper_images.PaperImage("ILSVRC2012_val_00001221", 420, "banjo"))


def read(name):
    with manifests.open_text(name) as stream:
        return list(csv.DictReader(stream))


def test_the_manifest_has_twenty_images_of_each_of_ten_classes():
    images = paper_images.manifest()
    counts = collections.Counter(image.class_index for image in images)
    assert counts == dict.fromkeys([401, 420, 454, 471, 550, 515, 543, 544, 153, 983], 20)
    assert len({image.image_id for image in images}) == 200


def test_the_misfiled_maltese_dog_is_listed_once_as_what_it_shows():
    rows = [row for row in read("paper_imagenet_ids.csv") if row["image_id"] == "ILSVRC2012_val_00015300"]
    assert len(rows) == 1 and rows[0]["class_index"] == "153" and "dutchoven" in rows[0]["note"]


def test_file_names_are_those_of_the_ids():
    assert all(row["file"] == row["image_id"] + ".JPEG" for row in read("paper_imagenet_ids.csv"))


def test_both_manifests_name_the_classes_alike():
    classes = {row["index"]: (row["wnid"], row["name"]) for row in read("imagenet_class_names.csv")}
    for row in read("paper_imagenet_ids.csv"):
        assert classes[row["class_index"]] == (row["wnid"], row["class_name"])


def test_the_class_names_are_those_of_a_thousand_classes_in_the_order_of_their_wordnet_ids():
    rows = read("imagenet_class_names.csv")
    assert [int(row["index"]) for row in rows] == list(range(1000))
    wnids = [row["wnid"] for row in rows]
    assert wnids == sorted(set(wnids)) and len({row["name"] for row in rows}) == 1000


def test_the_manifests_hold_the_real_facts(real_data):
    with open(f"{real_data}/paper_imagenet_ids.csv", newline="", encoding="utf-8") as stream:
        listed = {row["image_id"] for row in csv.DictReader(stream)}
    assert {image.image_id for image in paper_images.manifest()} == listed
    names = read("imagenet_class_names.csv")
    with open(f"{real_data}/imagenet_samples/labels.csv", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            known = names[int(row["class_index"])]
            assert (known["wnid"], known["name"].split(" (")[0]) == (row["wnid"], row["class_name"].replace("_", " "))


@pytest.mark.parametrize("name", ["ILSVRC2012_val_00000204.JPEG", "ILSVRC2012_val_00000204.jpg",
                                  "n02672831/ILSVRC2012_val_00000204.JPEG", "a/b/ILSVRC2012_val_00000204.png",
                                  "ILSVRC2012_val_00000204_n02672831.JPEG"])
def test_an_image_is_found_under_its_usual_names(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert paper_images.find(tmp_path, IMAGES) == {"ILSVRC2012_val_00000204": str(path)}


@pytest.mark.parametrize("name", ["ILSVRC2012_val_00000204.txt", "ILSVRC2012_val_00000205.JPEG", "204.JPEG",
                                  "ILSVRC2012_val_000002040.JPEG"])
def test_other_files_are_not_taken_for_it(tmp_path, name):
    (tmp_path / name).touch()
    assert paper_images.find(tmp_path, IMAGES) == {}


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder: .*nowhere"):
        paper_images.find(tmp_path / "nowhere", IMAGES)


def test_what_is_missing_is_listed_class_by_class():
    lines = paper_images.describe(IMAGES, {"ILSVRC2012_val_00000204": "x"}).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "401 accordion 1 of 2, missing: ILSVRC2012_val_00003980", "420 banjo 0 of 1, missing: all",
        "1 of 3 images found"]
    assert "accordion   2 of 2, missing: none" in paper_images.describe(IMAGES, {i.image_id: "" for i in IMAGES})


def test_the_written_csv_loads_as_images_with_labels(tmp_path):
    (tmp_path / "n02787622").mkdir()
    for name in ("ILSVRC2012_val_00000204.JPEG", "n02787622/ILSVRC2012_val_00001221.JPEG"):
        Image.new("RGB", (20, 20)).save(tmp_path / name)
    path = tmp_path / "paper.csv"
    paper_images.write_csv(path, IMAGES, paper_images.find(tmp_path, IMAGES))
    found = datasets.load("image_folder", images=path)
    assert list(found.test.labels) == [401, 420] and found.class_names[420] == "banjo"
