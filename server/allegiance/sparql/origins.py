"""Origins (RFC 6454) of other endpoints, and which addresses a name may stand for."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")
_LOCALHOST = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, in the one form in which they are compared.

    host: a name in small letters, or an address, without brackets.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.netloc}{port}"

    @property
    def netloc(self) -> str:
        """The host as it stands in an address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def literal(self) -> tuple[str, ...]:
        """The addresses that it names itself: its own, or the two of ``localhost``; none for any
        other name.

        ``localhost`` is no matter of name servers (RFC 6761, 6.3).
        """
        if self.host == "localhost":
            return _LOCALHOST
        return (self.host,) if _address(self.host) else ()


def origin_of(address: str) -> Origin:
    """Return the origin of an address; raises ValueError for one that is not plain HTTP."""
    if not address.isascii() and not address.partition("//")[2].partition("/")[0].isascii():
        raise ValueError("the host is not ASCII")
    parts = urlsplit(address)
    host, port = parts.hostname, parts.port
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or "%" in parts.netloc:
        raise ValueError("an address is http:// or https://, a host, and maybe a port")
    known = _address(host)
    return Origin(parts.scheme, str(known or host), _PORTS[parts.scheme] if port is None else port)


def is_public(address: str) -> bool:
    """Return whether an address is one of the public internet: not private, shared, loopback,
    link-local, multicast or reserved, and no wrapping of such a one.
    """
    ip = _address(address.partition("%")[0])
    if ip is None:
        return False
    if isinstance(ip, IPv6Address):
        if ip in _NAT64:
            return is_public(str(IPv4Address(int(ip) & 0xFFFFFFFF)))
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local or ip.teredo is not None:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
