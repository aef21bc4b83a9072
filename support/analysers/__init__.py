"""Analysers: what is wrong, drawn from the files of a bundle, each a record and a function."""

from support.analysers.analyser import Analyser
from support.analysers.certificates import ANALYSER as CERTIFICATES
from support.analysers.disk_space import ANALYSER as DISK_SPACE
from support.analysers.failed_units import ANALYSER as FAILED_UNITS
from support.analysers.health import ANALYSER as HEALTH
from support.analysers.oom import ANALYSER as OOM

# In the order shown to people, within one answer.
ANALYSERS: tuple[Analyser, ...] = (HEALTH, DISK_SPACE, OOM, FAILED_UNITS, CERTIFICATES)
