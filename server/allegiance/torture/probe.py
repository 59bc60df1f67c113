"""What a case is handed: the endpoint, and the limits it is held to."""

from collections.abc import Callable
from dataclasses import dataclass

from allegiance.torture.bodies import JSON
from allegiance.torture.message import form, get, post
from allegiance.torture.others import Others
from allegiance.torture.reply import Reply
from allegiance.torture.target import Target
from allegiance.torture.trap import Trap
from allegiance.torture.wire import Client, Connection
from allegiance.torture.yardstick import Yardstick

_LATEST = 2.0


@dataclass(frozen=True, slots=True)
class Probe:
    """The endpoint under test.

    limit: seconds that it says a query may take.  grace: seconds over that which are still good,
    and which a small question of another client may take.
    """

    client: Client
    trap: Trap
    yardstick: Yardstick
    limit: float
    grace: float

    @property
    def target(self) -> Target:
        """Where it is."""
        return self.client.target

    @property
    def patience(self) -> float:
        """Seconds after which the client leaves: when the verdict is clear."""
        return self.limit + max(_LATEST, 2 * self.grace) + 0.2

    def send(self, request: bytes, seconds: float | None = None, *, head: bool = False) -> Reply:
        """Send a request on a connection of its own and return the answer."""
        return self.client.exchange(request, seconds or self.patience, head=head)

    def get(self, query: str, accept: str | None = JSON, **fields: str) -> Reply:
        """Ask by GET; a name's underscores are written as hyphens."""
        named = [(name.replace("_", "-"), value) for name, value in fields.items()]
        return self.send(get(self.target, [("query", query), *named], accept))

    def form(self, query: str, accept: str | None = JSON, seconds: float | None = None) -> Reply:
        """Ask by POST of a form."""
        return self.send(form(self.target, [("query", query)], accept), seconds)

    def post(self, query: str, accept: str | None = JSON, seconds: float | None = None) -> Reply:
        """Ask by POST of the query itself."""
        return self.send(post(self.target, query.encode(), accept=accept), seconds)

    def connect(self, receive_buffer: int | None = None) -> Connection:
        """Return a connection. Raises OSError."""
        return self.client.connect(receive_buffer=receive_buffer)

    def others(self) -> Others:
        """Return other clients, to be there while a block lasts."""
        return Others(self.client, self.grace)


Asking = Callable[[Probe], Reply]
