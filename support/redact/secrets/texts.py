"""The rules that read plain text, as one tuple, so that decoded text can be read by them too."""

from support.redact.rule import LineRule, PassageRule
from support.redact.secrets import (
    bound,
    calls,
    commands,
    hashes,
    headers,
    key_passages,
    keyed,
    keys,
    markup,
    piped,
    prose,
    rows,
    settings,
    sql,
    tokens,
    told,
    urls,
)

LINES: tuple[LineRule, ...] = (
    *tokens.RULES,
    *keys.RULES,
    *hashes.RULES,
    *urls.RULES,
    *headers.RULES,
    *commands.RULES,
    *piped.RULES,
    *sql.RULES,
    *bound.RULES,
    *keyed.RULES,
    *settings.RULES,
    *markup.RULES,
    *prose.RULES,
    *calls.RULES,
    *told.RULES,
)
PASSAGES: tuple[PassageRule, ...] = (
    *key_passages.RULES,
    *piped.PASSAGES,
    *sql.PASSAGES,
    *bound.PASSAGES,
    *rows.PASSAGES,
    *told.PASSAGES,
)
