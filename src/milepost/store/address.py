"""Where a database server is: told to be wrong before anybody connects to it."""

from __future__ import annotations

from milepost.errors import Invalid

# A password that is not quoted ends up in the host or the port, which are therefore not shown.
_QUOTING = "In a user name or password write %40 for @, %3A for :, %2F for /, %23 for #, %3F for ?."


def wrong_address() -> Invalid:
    """What there is to say of a host or a port that cannot be one."""
    return Invalid(f"The host or the port in the database's URI cannot be one. {_QUOTING}")


def check_address(host: str, port: str = "") -> None:
    """Raise Invalid for what cannot be a host's name or a port; empty ones are the default's."""
    if "@" in host or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise wrong_address()
    try:
        host.encode("idna")
    except UnicodeError:
        raise Invalid(f"'{host}' in the database's URI is no host name.") from None
