"""Queries that take longer than anyone waits: each ends at the limit, and nobody else notices."""

from allegiance.torture.bodies import CSV, JSON, Rows
from allegiance.torture.case import Case
from allegiance.torture.load import SIDE, count, joined, product, triples
from allegiance.torture.probe import Probe
from allegiance.torture.seen import Seen, ended

_DEMANDS = "a whole error at the limit, or all of the right answer; others are answered meanwhile"
_STREAM = "an error at the limit, or a connection that is visibly cut; others are answered"
_WHY = "RFC 9110, 15.6: a status tells what happened; a client must not wait for ever"
_WHOLE = "RFC 9112, 8: an incomplete message must be seen to be incomplete"

_ANY = "(!<urn:x:x>|^!<urn:x:x>)"
_BACKTRACK = "a" * 40
_DOUBLED = " ".join(f"BIND(CONCAT(?t{i}, ?t{i}) AS ?t{i + 1})" for i in range(22))
_REPLACED = "?t"
for _ in range(8):
    _REPLACED = f'REPLACE({_REPLACED}, "a", "aaaaaaaaaa")'
_AGGREGATES = " ".join(
    f"({name}(?v{i} + ?v{i + 1}) AS ?{name.lower()}{i})"
    for name in ("SUM", "AVG", "MIN", "MAX", "SAMPLE")
    for i in range(4)
)
_NAMED = "".join(
    f"BIND(IRI(CONCAT('urn:x:', {joined('v', 6)}, '-{i}')) AS ?n{i}) " for i in range(4)
)
_TEMPLATE = " ".join(f"?n{i} ?n{j} ?n{k} ." for i in range(4) for j in range(4) for k in (0, 3))

_UNION = " UNION ".join(f"{{ {product(5, f'u{i}_')} }}" for i in range(20))


def _runaway(
    name: str, does: str, query: str, rows: Rows | None = None, *, quick: bool = False
) -> Case:
    def run(probe: Probe) -> Seen:
        with probe.others() as others:
            reply = probe.form(query)
        return ended(reply, probe.limit, probe.grace, rows) & others.seen()

    return Case(f"runaway/{name}", does, _DEMANDS, _WHY, run, quick)


def _streamed(name: str, does: str, query: str, accept: str, *, quick: bool = False) -> Case:
    def run(probe: Probe) -> Seen:
        with probe.others() as others:
            reply = probe.form(query, accept, probe.limit + probe.patience)
        return ended(reply, probe.limit, probe.grace, None, streams=True) & others.seen()

    return Case(f"runaway/{name}", does, _STREAM, _WHOLE, run, quick)


def _numbered(lists: int) -> Rows:
    return [[str(SIDE**lists)]]


CASES: tuple[Case, ...] = (
    _runaway(
        "product",
        "counts a product of 9 lists of 64 values, brought along in the query",
        count(product(9)),
        _numbered(9),
        quick=True,
    ),
    _runaway("triples", "counts a product of 6 triple patterns", count(triples(6), product(3))),
    _runaway(
        "sort",
        "sorts a product of a billion rows",
        f"SELECT * WHERE {{ {product(5)} }} ORDER BY DESC(?v0 * ?v1 + ?v2) ?v4 ?v3",
        quick=True,
    ),
    _runaway(
        "top",
        "sorts a product and takes the first row",
        f"SELECT * WHERE {{ {product(9)} }} ORDER BY DESC({joined('v', 9)}) LIMIT 1",
    ),
    _runaway(
        "distinct",
        "counts the distinct rows of a product",
        f"SELECT (COUNT(*) AS ?n) WHERE {{ SELECT DISTINCT * WHERE {{ {product(5)} }} }}",
        _numbered(5),
    ),
    _runaway(
        "groups",
        "makes a group of each row of a product",
        "SELECT (COUNT(*) AS ?n) WHERE { SELECT (COUNT(*) AS ?m) WHERE "
        f"{{ {product(5)} }} GROUP BY ?v0 ?v1 ?v2 ?v3 ?v4 }}",
        _numbered(5),
    ),
    _runaway(
        "concatenation",
        "puts a product together into one text",
        f"SELECT (STRLEN(GROUP_CONCAT({joined('v', 6)})) AS ?n) WHERE {{ {product(6)} }}",
    ),
    _runaway(
        "aggregates",
        "takes 20 aggregates of a product at once",
        f"SELECT {_AGGREGATES} WHERE {{ {product(8)} }}",
    ),
    _runaway(
        "path",
        "follows every property any number of times, from everywhere, twice",
        count(f"?a {_ANY}* ?b . ?c {_ANY}* ?d .", product(4)),
    ),
    _runaway(
        "nested-path",
        "nests stars within stars in a path",
        count(f"?a (((({_ANY}*)*/{_ANY}*)*/{_ANY}+)*)* ?b .", product(5)),
    ),
    _runaway(
        "regex",
        "matches a pattern that makes simple engines backtrack without end",
        count(product(6), f'FILTER REGEX(CONCAT("{_BACKTRACK}", STR(?v0), STR(?v5)), "^(a+)+$")'),
        [["0"]],
        quick=True,
    ),
    _runaway(
        "large-regex",
        "compiles a pattern with repetitions of repetitions",
        count(product(5), 'FILTER REGEX(STR(?v0), "(((x{1,99}){1,99}){1,99}){1,99}")'),
        [["0"]],
    ),
    _runaway(
        "doubling",
        "doubles a text of 1 KB 22 times",
        f'SELECT (STRLEN(?t22) AS ?n) WHERE {{ BIND("{"a" * 1024}" AS ?t0) {_DOUBLED} }}',
        [[str(1024 * 2**22)]],
    ),
    _runaway(
        "replacing",
        "makes a text ten times as long, eight times, for each row of a product",
        f'SELECT (SUM(STRLEN({_REPLACED})) AS ?n) WHERE {{ {product(2)} BIND("aaaa" AS ?t) }}',
        [[str(4 * 10**8 * SIDE**2)]],
    ),
    _runaway(
        "optional",
        "nests OPTIONAL in OPTIONAL, each a product",
        count(
            product(2, "a"),
            f"OPTIONAL {{ {product(2, 'b')} OPTIONAL {{ {product(2, 'c')}",
            f"OPTIONAL {{ {product(2, 'd')} }} }} }}",
        ),
        _numbered(8),
    ),
    _runaway(
        "not-exists",
        "looks for what is not there, for each row of a product",
        count(
            product(4), f"FILTER NOT EXISTS {{ {product(3, 'w')} FILTER(?w0 + ?w1 > ?v0 + 999) }}"
        ),
        _numbered(4),
    ),
    _runaway(
        "minus",
        "takes a product from a product",
        count(product(5), f"MINUS {{ {product(5)} FILTER(?v0 > 99) }}"),
        _numbered(5),
    ),
    _runaway("union", "puts 20 products together", count(_UNION), [[str(20 * SIDE**5)]]),
    _runaway(
        "subqueries",
        "counts what counts what counts a product",
        "SELECT (SUM(?k) AS ?n) WHERE { SELECT ?v0 (SUM(?m) AS ?k) WHERE { SELECT ?v0 ?v1 "
        f"(COUNT(*) AS ?m) WHERE {{ {product(8)} }} GROUP BY ?v0 ?v1 }} GROUP BY ?v0 }}",
        _numbered(8),
    ),
    _runaway(
        "digests",
        "takes the digest of each row of a product",
        f"SELECT (MAX(SHA512({joined('v', 6)})) AS ?n) WHERE {{ {product(6)} }}",
    ),
    _streamed(
        "rows",
        "asks for all rows of a product, as JSON",
        f"SELECT * WHERE {{ {product(6)} }}",
        JSON,
    ),
    _streamed(
        "rows-as-csv",
        "asks for all rows of a product, as CSV, which has no end mark of its own",
        f"SELECT * WHERE {{ {product(6)} }}",
        CSV,
    ),
    _streamed(
        "construct",
        "constructs 32 triples from each row of a product",
        f"CONSTRUCT {{ {_TEMPLATE} }} WHERE {{ {product(6)} {_NAMED} }}",
        "application/n-triples, text/turtle;q=0.5",
    ),
)
