"""The four ways in which a setting can be given, and which one counts.

1. A flag of the command line.
2. An environment variable; those of the process before those of the file's `environment` section.
3. The configuration file: the section of the chosen environment, then `mlflow:` and the top; within
   them `cli:` before `server:` before plain keys.
4. The default.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from milepost.config.document import Document, parse, read
from milepost.config.field import is_block, is_list, is_map, item_kind, kinds, meta, parsed
from milepost.config.interpolate import Expander
from milepost.config.reading import Found, Reader, environment_value, setting_by_name
from milepost.config.settings import Settings, doubts, faults
from milepost.errors import Invalid

FILE_VARIABLE = "MILEPOST_CONFIG"
FILE_HERE = "milepost.yaml"
ENVIRONMENT_VARIABLES = ("MILEPOST_ENV", "ENVIRONMENT")


@dataclass(frozen=True)
class Loaded:
    """Settings, where each came from, and what else the file asks for."""

    settings: Settings
    sources: Mapping[str, str]
    """Source by name of the field; "default" for the rest."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that the file sets and the process does not have."""

    warnings: list[str] = field(default_factory=list)
    file: str = ""

    def export(self, environ: MutableMapping[str, str]) -> None:
        """Set the variables of the file, for libraries that read the environment."""
        for name, text in self.variables.items():
            environ.setdefault(name, text)


def load(environ: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """The settings from flags over environment over file over defaults. Among the flags `config`
    names the file and `env` the environment; None means not given.

    Raises Invalid that lists everything that is wrong, with file, line and key.
    """
    return load_all(environ, flags).settings


def load_all(environ: Mapping[str, str], flags: Mapping[str, Any]) -> Loaded:
    """As `load`, with the sources."""
    chosen = flags.get("env") or next(
        (environ[n] for n in ENVIRONMENT_VARIABLES if environ.get(n)), ""
    )
    document = _document(environ, flags, chosen)
    if chosen:
        environ = {**environ, "ENVIRONMENT": chosen}  # what ${ENVIRONMENT} in the file stands for
    if flags.get("env") and chosen not in document.environments():
        raise Invalid(_no_section(document, chosen, document.environments()))
    return _merged(document, environ, flags)


def load_text(text: str, environ: Mapping[str, str], name: str = "milepost.yaml") -> Loaded:
    """The settings of a configuration given as text."""
    return _merged(parse(text, name, environ.get("ENVIRONMENT", "")), environ, {})


def _document(environ: Mapping[str, str], flags: Mapping[str, Any], chosen: str) -> Document:
    named = flags.get("config") or environ.get(FILE_VARIABLE)
    if named:
        return read(Path(named), chosen)
    return read(Path(FILE_HERE), chosen) if Path(FILE_HERE).is_file() else parse("", "", chosen)


def _merged(document: Document, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Loaded:
    variables: dict[str, str] = {}
    all_variables = _Both(environ, variables)

    def setting(name: str) -> str | None:
        item = setting_by_name(name)
        if item is None:
            return None
        given = environment_value(item, all_variables)
        return given[1] if given else (item.default if isinstance(item.default, str) else None)

    expander = Expander(document, all_variables, setting)
    reader = Reader(document, expander)
    places: dict[str, str] = {}
    for name, found in reader.variables():
        places[name] = found.place
        if name not in environ:
            variables[name] = found.value
    from_file = reader.settings()
    values, sources, wrong = _chosen(
        from_file, all_variables, environ, flags, places, expander.expand
    )
    settings = Settings(**values)
    errors = [*reader.errors, *wrong.values()]
    # What goes wrong only because something else is wrong already is not said.
    unclear = reader.failed | wrong.keys()
    errors += [
        f"{sources.get(names[0], 'default')}: {names[0]}: {text}"
        for names, text in faults(settings)
        if not unclear.intersection(names)
    ]
    if errors:
        raise Invalid("\n".join(sorted(errors, key=_line)))
    warnings = [
        *document.warnings,
        *_unknown_variables(all_variables),
        *_unmatched_environment(document),
        *(f"{sources[name]}: {name}: {text}" for name, text in doubts(settings)),
    ]
    return Loaded(settings, sources, variables, warnings, document.name)


def _line(error: str) -> int:
    """The line of the file that an error is about; those of other places come last."""
    place = error.split(": ", 1)[0].rpartition(":")[2].partition(" ")[0]
    return int(place) if place.isdecimal() else sys.maxsize


def _unmatched_environment(document: Document) -> list[str]:
    """A warning where an environment is named and the file has sections, but none for it."""
    there = [name for name in document.environments() if name != document.environment]
    if not document.environment or not there or document.environment in document.environments():
        return []
    return [_no_section(document, document.environment, there)]


def _no_section(document: Document, wanted: str, there: list[str]) -> str:
    known = ", ".join(there) or "none"
    return f"{document.name}: no section for the environment '{wanted}'; there is {known}"


class _Both(dict[str, str]):
    """The process's environment over that of the file, which is still being read."""

    def __init__(self, first: Mapping[str, str], second: Mapping[str, str]) -> None:
        super().__init__()
        self._first = first
        self._second = second

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a variable."""
        return self._first.get(key, self._second.get(key, default))

    def names(self) -> set[str]:
        """All names."""
        return {*self._first, *self._second}


# Artifact roots may have `${...}` parts wherever they are given; elsewhere the shell has done that.
_EXPANDED = {"artifacts_destination", "default_artifact_root", "artifact_store"}


def _chosen(
    from_file: Mapping[str, Found],
    variables: _Both,
    environ: Mapping[str, str],
    flags: Mapping[str, Any],
    places: Mapping[str, str],
    expand: Callable[[str], str],
) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """(values, sources, errors), each by the name of the field."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    errors: dict[str, str] = {}
    for item in fields(Settings):
        kind = kinds(Settings)[item.name]
        given = None if _is_structure(kind) else environment_value(item, variables)
        if flags.get(item.name) is not None:
            flag = "--" + item.name.replace("_", "-")
            text, source, unit = str(flags[item.name]), flag, "s"
        elif given is not None:
            source = given[0] if given[0] in environ else f"{places[given[0]]} ({given[0]})"
            text, unit = given[1], _unit_of_variable(given[0])
        elif item.name in from_file:
            values[item.name] = from_file[item.name].value
            sources[item.name] = from_file[item.name].place
            continue
        else:
            continue
        sources[item.name] = source
        try:
            text = expand(text) if item.name in _EXPANDED else text
            values[item.name] = parsed(kind, text, meta(item), unit)
        except ValueError as error:
            errors[item.name] = f"{source}: {item.name}: {error}"
    return values, sources, errors


def _is_structure(kind: Any) -> bool:
    return is_map(kind) or (is_list(kind) and is_block(item_kind(kind)))


def _unit_of_variable(name: str) -> str:
    return "ms" if name.endswith("_MS") else "s"


def _unknown_variables(variables: _Both) -> list[str]:
    """Warnings about variables of ours that no setting listens to."""
    known = {name for item in fields(Settings) for name in meta(item).env}
    known |= {FILE_VARIABLE, *ENVIRONMENT_VARIABLES}
    found = []
    for name in sorted(variables.names()):
        if name.startswith("MILEPOST_") and not name.startswith("MILEPOST_TEST_"):
            close = get_close_matches(name, known, 1, 0.8)
            if name not in known and close:
                found.append(f"{name}: no such variable; did you mean {close[0]}?")
    return found
