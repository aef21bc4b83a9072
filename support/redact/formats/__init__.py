"""Rules for whole files of a known format, in the order they are tried."""

from support.redact.formats import accounts, nameless, vaults
from support.redact.formats.code_files import RULE as SOURCE
from support.redact.formats.csv_files import RULE as CSV
from support.redact.formats.directives import RULE as DIRECTIVES
from support.redact.formats.env_files import ENV, INI
from support.redact.formats.hcl_files import RULE as HCL
from support.redact.formats.json_files import RULE as JSON
from support.redact.formats.single_value import RULE as SINGLE
from support.redact.formats.sql_dumps import RULE as SQL
from support.redact.formats.toml_files import RULE as TOML
from support.redact.formats.xml_files import RULE as XML
from support.redact.formats.yaml_files import RULE as YAML
from support.redact.rule import FormatRule

FORMATS: tuple[FormatRule, ...] = (
    *accounts.RULES,
    *vaults.RULES,
    SINGLE,
    nameless.RULE,
    JSON,
    SOURCE,
    XML,
    SQL,
    HCL,
    TOML,
    ENV,
    YAML,
    INI,
    DIRECTIVES,
    CSV,
)
