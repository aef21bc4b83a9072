"""YAML as CloudFormation and Google's metadata use it, read without trust.

Owns the short forms (`!Ref`, `!Sub`, …) and the bounds. Refuses anchors and merge keys, as
CloudFormation does: a few of them grow into gigabytes. PyYAML comes with `caretaker[image]`; no
appliance needs it.
"""

from __future__ import annotations

import functools
from typing import Any

_PLAIN = ("Ref", "Condition")


def read(text: str) -> Any:
    """The document. Raises ValueError, RecursionError."""
    try:
        import yaml
    except ImportError as missing:  # pragma: no cover
        raise ValueError("PyYAML is not installed: pip install 'caretaker[image]'") from missing

    class Loader(yaml.SafeLoader):
        """SafeLoader, without aliases and with the short forms."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("an anchor is used, which CloudFormation does not read")
            return super().compose_node(parent, index)

    def short(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
        made: dict[type, Any] = {
            yaml.ScalarNode: loader.construct_scalar,
            yaml.SequenceNode: functools.partial(loader.construct_sequence, deep=True),
            yaml.MappingNode: functools.partial(loader.construct_mapping, deep=True),
        }
        value = made[type(node)](node)
        if suffix == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {suffix if suffix in _PLAIN else f"Fn::{suffix}": value}

    def as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
        return str(loader.construct_scalar(node))

    Loader.add_multi_constructor("!", short)
    # `2010-09-09` is a version here, and a date to YAML.
    Loader.add_constructor("tag:yaml.org,2002:timestamp", as_text)
    try:
        return yaml.load(text, Loader=Loader)  # noqa: S506  (a SafeLoader, see above)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except (TypeError, AttributeError) as error:  # a map as a key; text where a map must stand
        raise ValueError(f"it is no YAML that can be read: {error}") from error
