"""Work that a query brings with it, so that it runs on any data, and on none."""

SIDE = 64
"""Values in each list of a product."""


def product(lists: int, name: str = "v", side: int = SIDE) -> str:
    """Return ``lists`` lists of numbers that share no variable: side ** lists solutions.

    Variables are ``?<name>0``, ``?<name>1`` …, each with the numbers from 0.
    """
    numbers = " ".join(map(str, range(side)))
    return " ".join(f"VALUES ?{name}{index} {{ {numbers} }}" for index in range(lists))


def rows_of(count: int) -> str:
    """Return a product of about that many solutions, with a variable ``?a0``."""
    lists = 1
    while SIDE**lists < count:
        lists += 1
    return product(lists, "a", round(count ** (1 / lists)))


def triples(count: int) -> str:
    """Return ``count`` triple patterns that share no variable."""
    return " ".join(f"?s{index} ?p{index} ?o{index} ." for index in range(count))


def count(*patterns: str) -> str:
    """Return a query that counts the solutions."""
    return f"SELECT (COUNT(*) AS ?n) WHERE {{ {' '.join(patterns)} }}"


def joined(name: str, lists: int) -> str:
    """Return an expression: the numbers of a solution as one text."""
    return f"CONCAT({', '.join(f'STR(?{name}{index})' for index in range(lists))})"
