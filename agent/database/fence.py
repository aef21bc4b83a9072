"""Databases elsewhere fenced: the active deployment's takes writes, those of the others do not.

What is fenced follows from which deployment is active, and is set anew after each change and at
each recovery, so an interrupted run leaves nothing to undo. A fence is the database's own setting
(default_transaction_read_only) and the end of its sessions: it keeps a forgotten program from
writing where nobody would ever find it, not somebody who means to.

Owns setting and lifting it. Refuses databases that no deployment of ours names.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from agent.database.reach import PINNED, Place, Session, place_of, session, words_of
from agent.deployment import Deployments
from agent.errors import CaretakerError
from agent.host.failures import HostFailure
from agent.remedies.remedy import Scene

_FENCED = "default_transaction_read_only"
_SETTINGS = {**PINNED, _FENCED: "off"}


def named_places(scene: Scene) -> dict[int, Place]:
    """The place of each deployment whose database is elsewhere. Raises CaretakerError."""
    deployments = Deployments(scene.layout, scene.host.clock)
    found = {}
    for each in deployments.listed():
        url = deployments.database_url(each.deployment.number)
        if url:
            found[each.deployment.number] = place_of(url)
    return found


def settle_fences(scene: Scene) -> list[str]:
    """Fence and lift as the active deployment wants it; what went wrong, for people.

    A server that can't be reached is no reason to stop: a fence is a second line, and where the
    active one is fenced and stays so, the health gate says it.
    """
    try:
        active = Deployments(scene.layout, scene.host.clock).active()
        places = named_places(scene)
    except (CaretakerError, HostFailure) as error:
        return [str(error)]
    used = places.get(active.number) if active else None
    problems = []
    done: set[tuple[str, str]] = set()
    for number in sorted(places, reverse=True):
        place = places[number]
        key = place.server, place.name
        if key in done:
            continue
        done.add(key)
        in_use = used is not None and key == (used.server, used.name)
        try:
            (lift if in_use else fence)(used if in_use and used else place)
        except psycopg.Error as error:
            word = "opened for writing" if in_use else "fenced"
            problems.append(f"{place.address} was not {word}: {words_of(error, place)}")
    return problems


def fence(place: Place) -> bool:
    """Let nobody write there by accident; True if anything changed. Raises psycopg.Error."""
    with session(place, settings=_SETTINGS) as opened:
        if is_fenced(opened, place.name):
            return False
        name = sql.Identifier(place.name)
        opened.execute(sql.SQL("ALTER DATABASE {} SET {} = on").format(name, sql.SQL(_FENCED)))
        end_sessions(opened, place.name)
        return True


def lift(place: Place) -> bool:
    """Take writes again; True if anything changed. Raises psycopg.Error."""
    with session(place, settings=_SETTINGS) as opened:
        if not is_fenced(opened, place.name):
            return False
        name = sql.Identifier(place.name)
        opened.execute(sql.SQL("ALTER DATABASE {} RESET {}").format(name, sql.SQL(_FENCED)))
        return True


def is_fenced(opened: Session, name: str) -> bool:
    asked = """SELECT 1 FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = %s AND s.setrole = 0 AND %s = ANY (s.setconfig)"""
    return opened.execute(asked, (name, f"{_FENCED}=on")).fetchone() is not None


def end_sessions(opened: Session, name: str) -> None:
    """End what our role has open there, this session aside. Raises psycopg.Error."""
    asked = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = %s AND usename = current_user AND pid <> pg_backend_pid()"""
    opened.execute(asked, (name,))
