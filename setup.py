"""Installs the library `sanity_checks`, the binaries `experiments` and the notes in `data`."""

import pathlib

import setuptools

HERE = pathlib.Path(__file__).parent


def requirements():
    lines = (HERE / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


setuptools.setup(
    name="sanity-checks",
    version="0.1.0",
    description="Sanity Checks for Saliency Maps (Adebayo et al. 2018) in TensorFlow",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=setuptools.find_packages(include=["sanity_checks", "sanity_checks.*", "experiments", "data"]),
    package_data={"data": ["*.csv", "README.md"], "experiments": ["flagfiles/*.flags"],
                  "sanity_checks.report": ["templates/*"]},
    install_requires=requirements(),
    extras_require={
        "test": ["pytest>=8.0", "pytest-xdist>=3.5", "selenium>=4.20"],
        "gpu": ["tensorflow[and-cuda]>=2.20"],
    },
)
