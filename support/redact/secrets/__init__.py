"""Rules that find secrets in lines and passages of any text, in the order they are tried."""

from support.redact.rule import LineRule, PassageRule
from support.redact.secrets import (
    hashes,
    headers,
    key_passages,
    keyed,
    keys,
    markup,
    prose,
    tokens,
    urls,
)

LINE_RULES: tuple[LineRule, ...] = (
    *tokens.RULES,
    *keys.RULES,
    *hashes.RULES,
    *urls.RULES,
    *headers.RULES,
    *keyed.RULES,
    *markup.RULES,
    *prose.RULES,
)
PASSAGE_RULES: tuple[PassageRule, ...] = (*key_passages.RULES,)
