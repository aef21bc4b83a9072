"""Rules that find secrets in lines and passages of any text, in the order they are tried."""

from support.redact.rule import LineRule, PassageRule
from support.redact.secrets import encoded, journal, texts

LINE_RULES: tuple[LineRule, ...] = (*texts.LINES, *journal.RULES, *encoded.RULES)
PASSAGE_RULES: tuple[PassageRule, ...] = (*texts.PASSAGES,)
