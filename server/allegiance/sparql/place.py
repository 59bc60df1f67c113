"""A place at the reader host: a connection, and the reader that answers it, if it has one."""

import socket
from dataclasses import dataclass


@dataclass(slots=True)
class Place:
    """What the host knows of one connection.

    pid: its reader; none while it waits in the line.  slot: where the reader says what it does.
    slow: whether it takes one of the places for slow queries.  lowered: whether its priority is.
    aside: whether its reader was ended so that it waits in the line.  again: so that another
    takes its place.  cancelled: by its id.
    left: whether the client has left.  since: when it was put into the line.
    """

    connection: socket.socket
    slot: int
    pid: int | None = None
    slow: bool = False
    lowered: bool = False
    aside: bool = False
    again: bool = False
    cancelled: bool = False
    left: bool = False
    since: float = 0.0
    id: str = ""
