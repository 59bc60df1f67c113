"""Coding what the pages answer, by Accept-Encoding, as the endpoint codes its own answers."""

from allegiance.sparql import encoding
from allegiance.sparql.messages import Application, Message, Receive, Scope, Send, read_headers

_WORTH = (
    *("text/", "application/json", "application/ld+json", "application/rdf+xml"),
    *("application/n-triples", "application/n-quads", "application/trig", "image/svg+xml"),
)


def compressing(application: Application) -> Application:
    """Return an application whose texts come as gzip or zstd to who takes them so.

    A tag becomes weak, since the coded bytes are others (RFC 9110, section 8.8.3).
    Raises BadQuery when the client takes neither what there is nor the plain answer.
    """

    async def coded(scope: Scope, receive: Receive, send: Send) -> None:
        coding = encoding.choose(read_headers(scope).get("accept-encoding"))
        if scope["method"] == "HEAD":
            coding = encoding.IDENTITY
        await application(scope, receive, _Coding(coding, send))

    return coded


class _Coding:
    """A ``send`` that codes the body of what is worth it."""

    def __init__(self, coding: str, send: Send) -> None:
        self._coding = coding
        self._send = send
        self._coder: encoding.Encoder | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if _worth(message):
                self._coder = encoding.encoder(self._coding)
                told = message["headers"] if self._coder is None else _coded(message, self._coding)
                message = {**message, "headers": [*told, (b"vary", b"accept-encoding")]}
        elif self._coder is not None:
            body = self._coder.compress(message.get("body", b""))
            if not message.get("more_body", False):
                body += self._coder.flush()
            message = {**message, "body": body}
        await self._send(message)


def _worth(start: Message) -> bool:
    told = {name.lower(): value for name, value in start["headers"]}
    media = told.get(b"content-type", b"").decode("latin-1")
    size = told.get(b"content-length", b"")
    long = not size.isdigit() or int(size) >= encoding.SMALLEST
    return long and media.startswith(_WORTH) and b"content-encoding" not in told


def _coded(start: Message, coding: str) -> list[tuple[bytes, bytes]]:
    kept = []
    for name, value in start["headers"]:
        if name.lower() == b"etag" and not value.startswith(b"W/"):
            value = b"W/" + value
        if name.lower() != b"content-length":
            kept.append((name, value))
    return [*kept, (b"content-encoding", coding.encode())]
