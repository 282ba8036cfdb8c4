"""Binaries: `python -m experiments.NAME`. They alone read flags; the library never sees one."""

import sys

from sanity_checks import parents

parents.follow()
if sys.argv[:1] == ["-m"]:      # as Python says while it looks for the module of `python -m`: signals count from here on
    from experiments import interrupts
    interrupts.install()
