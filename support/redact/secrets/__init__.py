"""Rules that find secrets in lines and passages of any text, in the order they are tried."""

from support.redact.rule import LineRule, PassageRule
from support.redact.secrets import keyed, markup, prose, tokens, urls

LINE_RULES: tuple[LineRule, ...] = (
    *tokens.RULES,
    *urls.RULES,
    *keyed.RULES,
    *markup.RULES,
    *prose.RULES,
)
PASSAGE_RULES: tuple[PassageRule, ...] = ()
