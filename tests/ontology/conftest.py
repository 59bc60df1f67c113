import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from ontology import owlapi


@pytest.fixture(scope="session")
def reasoners() -> Iterator[ProcessPoolExecutor]:
    """Processes with OWLAPI and HermiT, as many as there are cores."""
    with owlapi.pool(min(4, os.cpu_count() or 1)) as pool:
        yield pool
