"""An update too deep for the engine is refused, and changes nothing."""

from .asking import rows, update


def test_an_update_too_deep_for_the_engine_is_refused_and_changes_nothing(address):
    deep = f"INSERT {{<urn:a> <urn:b> ?x}} WHERE {{ BIND({'1 - ' * 150_000}1 AS ?x) }}"
    status, _, body = update(address, f"INSERT DATA {{<urn:a> <urn:b> 0}} ; {deep}")
    assert status == 400
    assert "64 MiB of stack" in body
    assert rows(address, "SELECT * {?s ?p ?o}") == []
    assert update(address, deep.replace("1 - " * 150_000, "1 - " * 2_000))[0] == 204
    assert rows(address, "SELECT ?o {?s ?p ?o}") == ["-1999"]
