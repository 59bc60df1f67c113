"""Settings of ``allegiance serve``: options made from the table of limits, and where each value
came from.

A flag goes before a variable ALLEGIANCE_…, that before the table ``[serve]`` of allegiance.toml,
that before the default.
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from allegiance.errors import UsageError
from allegiance.sparql.limits import LIMITS, Limit, ServerLimits
from allegiance.sparql.origins import origin_of

_Command = TypeVar("_Command", bound=Callable[..., Any])
_SIZE = re.compile(r"(\d+)\s*([KMG]?)(?:i?B)?", re.IGNORECASE)
_FACTOR = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_WORDS = {
    ParameterSource.COMMANDLINE: "flag",
    ParameterSource.ENVIRONMENT: "variable",
    ParameterSource.DEFAULT: "default",
    ParameterSource.DEFAULT_MAP: "allegiance.toml",
}


class Size(click.ParamType[int]):
    """A number of bytes: 1048576, 1024K, 512M, 2G."""

    name = "size"

    def __init__(self, least: float) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = _SIZE.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no size; write bytes, or 512K, 64M, 2G.", param, ctx)
        size = int(match[1]) * _FACTOR[match[2].upper()]
        if size < self._least:
            self.fail(f"{value!r} is too small; the least is {shown(self._least)}.", param, ctx)
        return size


class ServiceOrigin(click.ParamType[str]):
    """An origin: https://example.org, http://127.0.0.1:3030."""

    name = "origin"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            origin = origin_of(str(value))
        except ValueError:
            origin = None
        if origin is None or urlsplit(str(value))[2:] not in (("", "", ""), ("/", "", "")):
            self.fail(f"{value!r} is no origin; write it as https://example.org", param, ctx)
        return str(origin)


def shown(size: float) -> str:
    """Return a number of bytes as it can be given to an option."""
    for letter in ("G", "M", "K"):
        if size and size % _FACTOR[letter] == 0:
            return f"{int(size // _FACTOR[letter])}{letter}"
    return str(int(size))


def limit_options(command: _Command) -> _Command:
    """Give a command an option for each limit."""
    for limit in reversed(LIMITS):
        command = click.option(
            limit.flag,
            type=_type(limit),
            default=limit.default,
            show_default=shown(limit.default) if limit.unit == "bytes" else True,
            metavar={"seconds": "S", "bytes": "SIZE"}.get(limit.unit, "N"),
            help=limit.says,
        )(command)
    return command


def _type(limit: Limit) -> click.ParamType[Any]:
    if limit.unit == "bytes":
        return Size(limit.least)
    if limit.real:
        return click.FloatRange(limit.least, 86400)
    return click.IntRange(int(limit.least), 10**12)


def limits_of(values: Mapping[str, Any]) -> ServerLimits:
    """Return the limits among the values of a command's options.

    Raises UsageError when two do not go together.
    """
    limits = ServerLimits(**{limit.name: values[limit.name] for limit in LIMITS})
    if limits.slow >= limits.readers:
        raise UsageError(
            f"--slow {limits.slow} leaves no reader for quick queries",
            help=f"let it be smaller than --readers {limits.readers}",
        )
    return limits


def take_file(context: click.Context, path: Path) -> None:
    """Take the table ``[serve]`` of a settings file for what no flag or variable says.

    Raises UsageError for a name or value that cannot be.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("serve", {})
    except (OSError, ValueError):
        return  # A folder that cannot be read is told by who reads it.
    if not isinstance(table, dict):
        raise UsageError("“serve” is no table", str(path), "write [serve] on a line of its own")
    known = {param.name: param for param in context.command.params if param.name != "folder"}
    for key, value in table.items():
        name = key.replace("-", "_")
        param = known.get(name)
        if param is None or name in ("state", "print_settings"):
            raise UsageError(
                f"[serve] has “{key}”, which is no setting",
                str(path),
                "see: allegiance serve --help",
            )
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            continue
        try:
            context.params[name] = param.type_cast_value(context, value)
        except click.BadParameter as error:
            raise UsageError(f"[serve] {key}: {error.message}", str(path)) from None
        context.set_parameter_source(name, ParameterSource.DEFAULT_MAP)


def told(context: click.Context) -> str:
    """Return each setting with its value and where it came from, as lines."""
    rows = []
    for param in context.command.params:
        if param.name is None or param.name == "print_settings":
            continue
        source = context.get_parameter_source(param.name)
        value = context.params[param.name]
        shown_value = json.dumps(value, default=str, ensure_ascii=False)
        rows.append(
            (param.name.replace("_", "-"), shown_value, _WORDS[source or ParameterSource.DEFAULT])
        )
    wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{name:{wide[0]}}  {value:{wide[1]}}  {word}" for name, value, word in rows)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
