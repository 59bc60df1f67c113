"""The words that the lints look for, and words that look like them and are none."""

import re

import pytest

from allegiance.check.lints import lint_shapes
from allegiance.names import SH

LINTS = lint_shapes()


def patterns(lint: str) -> list[re.Pattern[str]]:
    """Return the patterns in a lint, found by walking from its node through blank nodes."""
    waiting = [t.subject for t in LINTS if str(t.subject).endswith(f"/shape/{lint}>")]
    seen, found = set(), []
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        said = {t.predicate.value: t.object for t in LINTS if t.subject == node}
        if f"{SH}pattern" in said:
            flags = re.IGNORECASE if f"{SH}flags" in said else 0
            found.append(re.compile(said[f"{SH}pattern"].value, flags))
        waiting += [t.object for t in LINTS if t.subject == node and str(t.object).startswith("_:")]
    return found


@pytest.mark.parametrize(
    ("lint", "words", "fires"),
    [
        ("S07-evaluative-words", "the talks were unsuccessful", True),
        ("S07-evaluative-words", "a lot of hot air", True),
        ("S07-evaluative-words", "the talks were held in Failford", False),
        ("S08-hedged-words", "Perhaps the fleet will sail", True),
        ("S08-hedged-words", "the fleet may sail", True),
        ("S08-hedged-words", "the fleet sailed in May", False),
        ("S08-hedged-words", "the mayor sailed", False),
        ("S09-past-words", "Historically a rival", True),
        ("S09-past-words", "a rival in the past", True),
        ("S09-past-words", "a rival once more", False),
        ("S10-official-words", "Officially neutral", True),
        ("S10-official-words", "an official spoke", False),
        ("S10-de-facto-words", "In practice an ally", True),
        ("S10-de-facto-words", "the fact is known", False),
        ("S11-negated-words", "neither side has sailed", True),
        ("S11-negated-words", "the side hasn't sailed", True),
        ("S11-negated-words", "the side hasn’t sailed", True),
        ("S11-negated-words", "it was unwilling to sail", True),
        ("S11-negated-words", "no one sailed", True),
        ("S11-negated-words", "it sailed not only once", False),
        ("S11-negated-words", "no doubt it sailed", False),
        ("S11-negated-words", "the notable north", False),
        ("S18-range-of-figures", "15 to 19 million", True),
        ("S18-range-of-figures", "15–19 million", True),
        ("S18-range-of-figures", "two or three thousand", True),
        ("S18-range-of-figures", "10 million", False),
        ("S24-relative-time", "last week", True),
        ("S24-relative-time", "nine months ago", True),
        ("S24-relative-time", "the last of the fleet", False),
        ("S28-offer-is-no-deed", "its availability to mediate", True),
        ("S28-offer-is-no-deed", "its ambition is known", True),
        ("S28-offer-is-no-deed", "the plane landed", False),
    ],
)
def test_a_lint_looks_for_words(lint: str, words: str, fires: bool) -> None:
    found = patterns(lint)
    assert found
    # S24 has a second pattern, for the date that lets the words off.
    matched = [pattern for pattern in found if "[0-9]{4}" not in pattern.pattern]
    assert any(pattern.search(words) for pattern in matched) is fires
