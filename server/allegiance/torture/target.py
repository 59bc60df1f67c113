"""The endpoint under test: its address, looked up once."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from allegiance.errors import UsageError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint. ``address`` is the one that was looked up and checked, and is never looked up
    again, so that a name cannot come to mean another machine in between.
    """

    url: str
    secure: bool
    host: str
    port: int
    path: str
    family: socket.AddressFamily
    address: str

    @classmethod
    def parse(cls, url: str, *, anywhere: bool = False) -> "Target":
        """Return the endpoint at a URL.

        anywhere: whether it may be another machine than this one.
        Raises UsageError for what is no such URL, or not on this machine.
        """
        help = "name it like http://127.0.0.1:7200/sparql"
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            raise UsageError("this is no URL", url, help) from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise UsageError("this is no http or https URL of an endpoint", url, help)
        if parts.query or parts.fragment or parts.username is not None:
            raise UsageError("the URL says more than where the endpoint is", url, help)
        path = parts.path or "/"
        if not (path.isascii() and path.isprintable()) or " " in path:
            raise UsageError("the path of the URL is not percent-encoded", url, help)
        family, address = _look_up(parts.hostname, port, url)
        if not anywhere and not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            raise UsageError(
                f"{parts.hostname} is {address}, which is not this machine",
                url,
                "if you run that endpoint yourself, say so: --i-run-this-endpoint",
            )
        return cls(url, parts.scheme == "https", parts.hostname, port, path, family, address)

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = _PORTS["https" if self.secure else "http"]
        return host if self.port == usual else f"{host}:{self.port}"


def _look_up(host: str, port: int, url: str) -> tuple[socket.AddressFamily, str]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host} cannot be found: {error}", url) from None
    return family, str(address[0])
