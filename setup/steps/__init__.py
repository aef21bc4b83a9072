"""The steps of setup, in the order in which they run and are shown."""

from setup.steps.accounts import ACCOUNTS
from setup.steps.certificates import CERTIFICATES
from setup.steps.database import DATABASE
from setup.steps.healthy import HEALTHY
from setup.steps.manifest import MANIFEST
from setup.steps.patching import PATCHING
from setup.steps.preflight import STEP as PREFLIGHT
from setup.steps.release import RELEASE
from setup.steps.secrets import SECRETS
from setup.steps.server import SERVER
from setup.steps.settings import SETTINGS
from setup.steps.start import START
from setup.steps.units import UNITS
from setup.steps.vendor import VENDOR

STEPS = (
    PREFLIGHT,
    ACCOUNTS,
    MANIFEST,
    VENDOR,
    SETTINGS,
    SECRETS,
    CERTIFICATES,
    RELEASE,
    UNITS,
    PATCHING,
    SERVER,
    DATABASE,
    START,
    HEALTHY,
)
