"""Fewer rows because the client itself says so: the parameter ``max-rows``."""

from allegiance.sparql.tokens import tokens


def shorten(query: str, rows: int) -> str | None:
    """Return a SELECT query with LIMIT lowered to, or set to, so many rows; None when its own
    LIMIT is no higher.

    The text is right where the query is; of a wrong one, ask the engine itself.
    """
    depth = 0
    end = 0
    before = ""
    where = False
    for token in tokens(query):
        if token.kind == "open":
            depth += 1
            where = where or token.text == "{"
        elif token.kind == "close":
            depth -= 1
        elif depth == 0 and before == "LIMIT" and token.kind == "number" and token.text.isdecimal():
            if int(token.text[:18]) <= rows:
                return None
            return query[: token.start] + str(rows) + query[token.start + len(token.text) :]
        elif depth == 0 and where and token.word == "VALUES":
            break
        before = token.word
        end = token.start + len(token.text)
    return f"{query[:end]} LIMIT {rows} {query[end:]}"
