"""The records of data sets."""

from sanity_checks import datasets
from sanity_checks.vocabulary import datasets as records


def test_a_record_says_whether_a_data_set_trains():
    loaded = {"mnist_5k": datasets.load("mnist_5k"), "sample_photographs": datasets.load("sample_photographs", image_size=(8, 8))}
    assert {name: data.train is not None for name, data in loaded.items()} == {
        name: records.DATASETS[name].trains for name in loaded}
    assert not any(records.DATASETS[name].trains for name in records.GIVEN)
    assert set(datasets.DATASETS) <= set(records.DATASETS)
