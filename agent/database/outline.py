"""A database without its rows: tables, columns, indexes, rules, functions, each as a line.

Owns reading them in a form that does not depend on object numbers or on who owns what, so that
two ends can be compared. Refuses rows (`hashes`). Between two major versions of PostgreSQL the
texts of views, expressions and functions may be written differently, so only names are compared.
"""

from __future__ import annotations

import re

from agent.database.reach import Session

# What stands in the queries as OWN(catalog alias): things of people's, not of extensions.
_OWN = re.compile(r"OWN\((\w+) (\w+)\)")
_OWN_TEXT = r"""(n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS
  (SELECT 1 FROM pg_depend e WHERE e.deptype = 'e' AND e.classid = '\1'::regclass
   AND e.objid = \2.oid))"""

# Kind of thing -> (the query of its names, the query of its texts). Format: one text column each.
_RELATIONS = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
_NAMED = {
    "extension": "SELECT extname::text FROM pg_extension",
    "schema": "SELECT nspname::text FROM pg_namespace n WHERE OWN(pg_namespace n)",
    "relation": """SELECT concat_ws(' ', c.relkind, c.relpersistence, c.oid::regclass,
        c.relrowsecurity, c.relforcerowsecurity, c.relispartition) FROM RELATIONS
        WHERE c.relkind NOT IN ('i', 'I', 't') AND OWN(pg_class c)""",
    "column": """SELECT concat_ws(' ', c.oid::regclass, a.attname,
        format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        l.collname) FROM RELATIONS JOIN pg_attribute a ON a.attrelid = c.oid
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'c', 'f')
        AND OWN(pg_class c)""",
    "index": """SELECT concat_ws(' ', c.oid::regclass, i.indrelid::regclass, i.indisunique,
        i.indisprimary, i.indisvalid, i.indisreplident, i.indisclustered)
        FROM RELATIONS JOIN pg_index i ON i.indexrelid = c.oid WHERE OWN(pg_class c)""",
    "constraint": """SELECT concat_ws(' ', conrelid::regclass, o.conname, o.contype,
        o.convalidated, o.condeferrable, o.condeferred)
        FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
        WHERE o.contype <> 'n' AND OWN(pg_constraint o)""",
    "trigger": """SELECT concat_ws(' ', c.oid::regclass, t.tgname, t.tgenabled)
        FROM RELATIONS JOIN pg_trigger t ON t.tgrelid = c.oid
        WHERE NOT t.tgisinternal AND OWN(pg_class c)""",
    "function": """SELECT concat_ws(' ', p.prokind, p.oid::regprocedure, p.prosecdef,
        p.provolatile, p.proisstrict)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE OWN(pg_proc p)""",
    "type": """SELECT concat_ws(' ', t.typtype, t.oid::regtype, (SELECT
        string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('e', 'd', 'r', 'c', 'm') AND OWN(pg_type t)""",
    "policy": "SELECT concat_ws(' ', polrelid::regclass, polname, polcmd) FROM pg_policy",
    "publication": "SELECT pubname::text FROM pg_publication",
    "statistics": "SELECT concat_ws(' ', stxrelid::regclass, stxname) FROM pg_statistic_ext",
}
_TEXTS = {
    "default": """SELECT concat_ws(' ', c.oid::regclass, b.attname,
        pg_get_expr(a.adbin, a.adrelid)) FROM RELATIONS JOIN pg_attrdef a ON a.adrelid = c.oid
        JOIN pg_attribute b ON b.attrelid = a.adrelid AND b.attnum = a.adnum
        WHERE OWN(pg_class c)""",
    "index": """SELECT pg_get_indexdef(c.oid) FROM RELATIONS
        WHERE c.relkind IN ('i', 'I') AND OWN(pg_class c)""",
    "constraint": """SELECT concat_ws(' ', conrelid::regclass, o.conname,
        pg_get_constraintdef(o.oid))
        FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
        WHERE o.contype <> 'n' AND OWN(pg_constraint o)""",
    "view": """SELECT concat_ws(' ', c.oid::regclass, pg_get_viewdef(c.oid)) FROM RELATIONS
        WHERE c.relkind IN ('v', 'm') AND OWN(pg_class c)""",
    "trigger": """SELECT pg_get_triggerdef(t.oid)
        FROM RELATIONS JOIN pg_trigger t ON t.tgrelid = c.oid
        WHERE NOT t.tgisinternal AND OWN(pg_class c)""",
    "function": """SELECT pg_get_functiondef(p.oid)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind <> 'a' AND OWN(pg_proc p)""",
    "sequence": """SELECT concat_ws(' ', c.oid::regclass, s.seqtypid::regtype, s.seqstart,
        s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
        FROM RELATIONS JOIN pg_sequence s ON s.seqrelid = c.oid WHERE OWN(pg_class c)""",
    "bounds": """SELECT concat_ws(' ', c.oid::regclass, pg_get_expr(c.relpartbound, c.oid))
        FROM RELATIONS WHERE c.relispartition AND OWN(pg_class c)""",
    "rule": """SELECT pg_get_ruledef(r.oid) FROM RELATIONS JOIN pg_rewrite r ON r.ev_class = c.oid
        WHERE r.rulename <> '_RETURN' AND OWN(pg_class c)""",
}

Outline = frozenset[tuple[str, str]]


def outline_of(session: Session, *, texts: bool) -> Outline:
    """Everything but rows. `texts`: with definitions, where both ends are of one major version.

    Raises psycopg.Error.
    """
    found = set()
    for kind, asked in _NAMED.items():
        found |= {(kind, text) for text in _column(session, asked)}
    for kind, asked in _TEXTS.items() if texts else ():
        found |= {(f"{kind} text", text) for text in _column(session, asked)}
    return frozenset(found)


def _column(session: Session, asked: str) -> list[str]:
    whole = _OWN.sub(_OWN_TEXT, asked.replace("RELATIONS", _RELATIONS))
    return [row[0] for row in session.execute(whole.encode()).fetchall()]


def differences(old: Outline, new: Outline) -> list[str]:
    """What is not the same, in words for people; empty: equal."""
    missing = [f"{kind} {text[:160]} is missing at the new end" for kind, text in old - new]
    extra = [f"{kind} {text[:160]} is new at the new end" for kind, text in new - old]
    return sorted(missing) + sorted(extra)
