"""How one name is spelled: camelCase, snake_case, and as a part of a file's name."""

from __future__ import annotations


def snake_case(name: str) -> str:
    """Spell ``resourceCenterId`` as ``resource_center_id``; other names stay."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


def camel_case(name: str) -> str:
    """Spell ``resource_center_id`` as ``resourceCenterId``; other names stay."""
    first, *words = name.split("_")
    return first + "".join(word.capitalize() for word in words)


def slug(name: str) -> str:
    """Spell a name so that it can be part of a file's name: ``guide-started-userguiding``."""
    kept = "".join(char if char.isalnum() or char == "." else " " for char in name.lower())
    return "-".join(kept.split())
