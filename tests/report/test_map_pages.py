"""Maps of more images than the page has room for: how they are divided, and that the page stays light."""

import os

from sanity_checks import report
from sanity_checks.report import map_pages
from sanity_checks.report import strips
from tests.report import conftest
from tests.report import test_page


def specimen(name, size):
    strip = strips.Strip("Gradient", {"grey": "x" * size}, [])
    return strips.Specimen(name, "", "", True, 1., [], [], [strip])


def divided(counts, size, budget):
    keys = [("model", "data", f"test{i}") for i in range(len(counts))]
    return map_pages.divide([(key, [specimen(f"{i}", size) for i in range(count)]) for key, count in zip(keys, counts)], " ".join, budget)


def test_the_first_image_of_every_run_is_in_the_page_and_every_image_somewhere():
    shown = divided([9, 1, 3], 100, 350)
    assert [len(run.here) for run in shown] == [1, 1, 1]
    for run, count in zip(shown, (9, 1, 3)):
        listed = [one.image_id for one in run.here] + [one.image_id for page in run.pages for one in page.found]
        assert listed == [str(i) for i in range(count)]
        assert all(sum(one.size for one in page.found) <= 2 * 350 for page in run.pages)
    assert len({page.path for run in shown for page in run.pages}) == sum(len(run.pages) for run in shown) == 3


def test_as_many_images_as_fit_are_in_the_page():
    assert [len(run.here) for run in divided([5, 2], 100, 600)] == [4, 2]
    assert [run.pages for run in divided([3, 2], 100, 10_000)] == [[], []]


def test_maps_are_as_large_as_the_page_has_room_for_and_stay_readable():
    assert strips.side_for(10, 5, 4_000_000) == strips.LARGEST
    assert strips.side_for(100_000, 500, 4_000_000) == strips.READABLE
    assert strips.SMALLEST <= strips.side_for(100_000, 2000, 4_000_000) < strips.READABLE


def test_pages_beside_the_page_are_linked_and_lead_back(tmp_path, monkeypatch):
    monkeypatch.setattr(map_pages.divide, "__defaults__", (1,))
    runs = [conftest.write_run(tmp_path / test, test) for test in conftest.STAGES]
    page = report.write(str(tmp_path / "page"), runs)
    with open(page, encoding="utf-8") as file:
        links = [link["href"] for link in test_page.Reader(file.read()).all("a")]
    beside, = [link for link in links if link.startswith("maps/")]
    with open(os.path.join(os.path.dirname(page), beside), encoding="utf-8") as file:
        read = test_page.Reader(file.read())
    assert "../index.html#maps-section" in [link["href"] for link in read.all("a")]
    assert len([image for image in read.all("img") if "sprite" in image.get("class", "")]) == 2 * 3
    assert "Image 01" in read.text and "Image 00" not in read.text
