"""The bill of materials, and the audit that holds it against advisories without a network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".ci"


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CI / script), *arguments], capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = run("materials")
    assert made.returncode == 0, made.stderr
    path = tmp_path_factory.mktemp("bill") / "materials.json"
    path.write_text(made.stdout)
    return path


def advisory(folder: Path, **entry: object) -> str:
    folder.mkdir(exist_ok=True)
    package = {"ecosystem": "PyPI", "name": "Werkzeug"}
    told = {"id": "PYSEC-0", "modified": "2026-01-01T00:00:00Z", "summary": "It is weak."}
    told["affected"] = [{"package": package, **entry}]  # type: ignore[assignment]
    (folder / "PYSEC-0.json").write_text(json.dumps(told))
    return str(folder)


def ranged(*events: dict[str, str]) -> dict[str, object]:
    return {"ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}


def test_the_bill_names_each_part_with_version_and_licence(bill: Path):
    told = json.loads(bill.read_text())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    parts = {part["name"]: part for part in told["components"]}
    assert {"pyoxigraph", "uvicorn", "h11", "werkzeug", "markupsafe"} <= set(parts)
    assert "pytest" not in parts
    for part in parts.values():
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
        assert part["licenses"][0]["license"]["name"]


def test_without_advisories_it_says_that_none_was_compared(bill: Path):
    audit = run("audit", str(bill))
    assert audit.returncode == 0, audit.stdout
    assert "NOT compared with advisories" in audit.stdout


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([{"introduced": "0"}], 1),
        ([{"introduced": "0"}, {"fixed": "0.1"}], 0),
        ([{"introduced": "0"}, {"fixed": "9999"}], 1),
        ([{"introduced": "9999"}], 0),
        ([{"introduced": "0"}, {"last_affected": "0.1"}], 0),
        ([{"introduced": "0"}, {"fixed": "0.1"}, {"introduced": "0.2"}], 1),
    ],
)
def test_a_version_in_an_affected_range_fails_it(bill, tmp_path, events, code):
    audit = run("audit", str(bill), advisory(tmp_path / "osv", **ranged(*events)))
    assert audit.returncode == code, audit.stdout
    assert ("PYSEC-0 It is weak." in audit.stdout) == bool(code)
    assert "compared with 1 advisories, the newest of 2026-01-01" in audit.stdout


def test_a_version_that_is_listed_fails_it(bill, tmp_path):
    parts = {part["name"]: part["version"] for part in json.loads(bill.read_text())["components"]}
    audit = run("audit", str(bill), advisory(tmp_path / "osv", versions=[parts["werkzeug"]]))
    assert audit.returncode == 1


def test_data_that_hold_nothing_are_no_success(bill, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.json").write_text("{")
    for folder in ("empty", "missing", "broken"):
        audit = run("audit", str(bill), str(tmp_path / folder))
        assert audit.returncode == 2
        assert folder in audit.stderr


def test_a_part_with_no_or_another_licence_fails_it(bill, tmp_path):
    for licences in ([], [{"license": {"name": "Proprietary"}}]):
        told = json.loads(bill.read_text())
        told["components"][0]["licenses"] = licences
        path = tmp_path / "materials.json"
        path.write_text(json.dumps(told))
        audit = run("audit", str(path))
        assert audit.returncode == 1
        assert told["components"][0]["name"] in audit.stdout


def test_a_missing_part_fails_it(bill, tmp_path):
    told = json.loads(bill.read_text())
    told["components"] = [part for part in told["components"] if part["name"] != "h11"]
    path = tmp_path / "materials.json"
    path.write_text(json.dumps(told))
    assert "h11" in run("audit", str(path)).stdout
