"""Bad bundles, by the thousand: each is one that a good reader must refuse.

Owns the kinds. `mutants` draws them from a seed, so a number names one again.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.release import container
from bench.bundles.shelf import Shelf
from bench.bundles.vendor import joined, members_of

METADATA = ("metadata/1.root.json", *(f"metadata/{r}.json" for r in ("timestamp", "snapshot")),
            "metadata/targets.json", "release.json")  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A bad bundle: its kind, what was done, and its bytes."""

    kind: str
    what: str
    content: bytes


def mutants(shelf: Shelf, count: int, seed: int = 1) -> Iterator[Mutant]:
    """About `count` of them: every special one, and the rest drawn from the kinds by lot."""
    dice = random.Random(seed)
    sure = [*special(shelf)]
    yield from sure
    good = shelf.good.read_bytes()
    rest = max(count - len(sure), 0)
    yield from itertools.islice(_flips(good, shelf, dice), rest // 2)
    yield from itertools.islice(_cuts(good, dice), rest // 8)
    yield from itertools.islice(_swaps(shelf, dice), rest // 8)
    yield from itertools.islice(_json(shelf, dice), rest - rest // 2 - 2 * (rest // 8))


def special(shelf: Shelf) -> Iterator[Mutant]:
    """Those that are thought out, each once."""
    for name, content in shelf.signed_evil():
        yield Mutant("signed by the vendor, and evil", name, content)
    for name, content in shelf.forged():
        yield Mutant("forged signatures", name, content)
    for name, content in shelf.not_for_here():
        yield Mutant("not for here", name, content)
    yield from _orders(shelf)


def _flips(good: bytes, shelf: Shelf, dice: random.Random) -> Iterator[Mutant]:
    """One bit each; every region in turn, so that headers and padding are hit as often."""
    regions = shelf.regions()
    for number in itertools.count():
        name, start, end = regions[number % len(regions)]
        place, bit = dice.randrange(start, end), dice.randrange(8)
        content = bytearray(good)
        content[place] ^= 1 << bit
        yield Mutant("bit flip", f"{name}, byte {place - start} bit {bit}", bytes(content))


def _cuts(good: bytes, dice: random.Random) -> Iterator[Mutant]:
    for number in itertools.count():
        place, length = dice.randrange(len(good)), dice.randrange(1, 2048)
        noise = dice.randbytes(length)
        changes = (
            ("cut off at", good[:place]),
            ("a piece taken out at", good[:place] + good[place + length :]),
            ("noise put in at", good[:place] + noise + good[place:]),
            ("noise over", good[:place] + noise + good[place + length :]),
            ("zeros over", good[:place] + bytes(length) + good[place + length :]),
            ("more behind, not", good + noise),
            ("a piece twice at", good[: place + length] + good[place:]),
        )
        name, content = changes[number % len(changes)]
        if content != good:
            yield Mutant("cut", f"{name} {place}, {length} bytes", content)


def _swaps(shelf: Shelf, dice: random.Random) -> Iterator[Mutant]:
    """Members of two releases that are both good, or of a stranger's, in one container."""
    good = members_of(shelf.good)
    others = [(path.name, members_of(path)) for path in (*shelf.others, shelf.strangers)]
    while True:
        name, other = dice.choice(others)
        chosen = {each for each in good if dice.random() < dice.choice((0.1, 0.5, 0.9))}
        mixed = [(each, other.get(each, b"") if each in chosen else good[each]) for each in good]
        if mixed != [*good.items()] and mixed != [*other.items()]:
            yield Mutant("mix and match", f"{len(chosen)} members of {name}", joined(mixed))


def _orders(shelf: Shelf) -> Iterator[Mutant]:
    good = [*members_of(shelf.good).items()]
    for number, (name, content) in enumerate(good):
        rest = good[:number] + good[number + 1 :]
        yield Mutant("members", f"without {name}", joined(rest))
        yield Mutant("members", f"{name} twice", joined([*good[: number + 1], *good[number:]]))
        if rest[number:]:
            yield Mutant("members", f"{name} last", joined([*rest, good[number]]))
        yield Mutant(
            "members", f"{name} empty", joined([*good[:number], (name, b""), *good[number + 1 :]])
        )
        for other in ("../" + name, "/" + name, name + "x", name.upper(), "metadata/2.root.json"):
            named = [*good[:number], (other, content), *good[number + 1 :]]
            yield Mutant("members", f"{name} called {other}", joined(named))
    for number in range(len(good) - 1):
        swapped = [*good]
        swapped[number : number + 2] = reversed(good[number : number + 2])
        yield Mutant("members", f"{good[number][0]} after the next", joined(swapped))
    yield Mutant("members", "an empty file", b"")
    yield Mutant("members", "only the end", container.END)


def _json(shelf: Shelf, dice: random.Random) -> Iterator[Mutant]:
    """One thing changed within signed JSON, written as the builder would write it, or not."""
    good = members_of(shelf.good)
    for number in itertools.count():
        name = METADATA[number % len(METADATA)]
        tree = json.loads(good[name])
        what = _disturb(tree, dice)
        text = _spelled(tree, dice)
        if text != good[name]:
            members = [(each, text if each == name else good[each]) for each in good]
            yield Mutant("JSON", f"{name}: {what}", joined(members))


def _spelled(tree: Any, dice: random.Random) -> bytes:
    compact: dict[str, Any] = {"separators": (",", ":"), "sort_keys": True}
    ways = (compact, compact, compact, {"indent": 1}, {"sort_keys": False})
    return json.dumps(tree, **dice.choice(ways)).encode()


def _disturb(tree: Any, dice: random.Random) -> str:
    """Change one node somewhere, or none (then only the spelling may differ)."""
    places = [*_places(tree, "")]
    above, key, path = dice.choice(places)
    act = dice.choice(("set", "set", "drop", "add", "twist", "leave"))
    if act == "drop":
        del above[key]
    elif act == "set":
        above[key] = dice.choice(_VALUES)
    elif act == "add":
        _add(above, dice)
    elif act == "twist":
        above[key] = _twisted(above[key], dice)
    return f"{act} {path}"


_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 2, 10**30, 1.5, "", "0", "a" * 64, [], {}, [[]]),
    *("2099-01-01T00:00:00Z", "../x", "\u0000", "\ud800"),
)


def _places(node: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    keys: Any = node if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key, f"{path}/{key}"
        if isinstance(node[key], dict | list):
            yield from _places(node[key], f"{path}/{key}")


def _add(node: Any, dice: random.Random) -> None:
    if isinstance(node, dict):
        node[dice.choice(("extra", "x", "delegations", "hashes", "custom"))] = dice.choice(_VALUES)
    else:
        node.append(dice.choice((*node, *_VALUES)))


def _twisted(value: Any, dice: random.Random) -> Any:
    """Nearly the same: one letter, one more, turned round."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + dice.choice((-1, 1, 1000))
    if isinstance(value, str) and value:
        place = dice.randrange(len(value))
        letter = dice.choice("0123456789abcdefXYZ/.")
        return dice.choice(
            (value.upper(), value[:place] + letter + value[place + 1 :], value + " ")
        )
    if isinstance(value, list):
        return value[::-1] if dice.random() < 0.5 else value + value
    return [value]
