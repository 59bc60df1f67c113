"""The built wheel, installed with no development packages, run from another folder."""

import json
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(root)],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that holds only the wheel and what it needs."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    bin_ = environment / "bin"
    subprocess.run(
        [bin_ / "pip", "install", "--quiet", str(wheel)], check=True, capture_output=True
    )
    return bin_


@pytest.fixture
def elsewhere(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder that is no graph, and an environment whose state folder is its own."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder, os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}


def test_the_wheel_holds_one_package_with_the_graph_in_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"allegiance", f"{wheel.name.split('-py3')[0]}.dist-info"}
    for needed in ("allegiance.toml", "data/facts.ttl", "ontology/core.ttl", "shapes/claims.ttl"):
        assert f"allegiance/graph/{needed}" in names
    assert any(name.startswith("allegiance/graph/queries/") for name in names)


def test_the_installed_command_serves_the_packaged_graph(
    installed: Path, elsewhere: tuple[Path, dict[str, str]]
) -> None:
    folder, environment = elsewhere
    server = subprocess.Popen(
        [installed / "allegiance", "serve", "--port", "0"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = next(
            match[0] for line in server.stdout if (match := re.search(r"http://[^/\s]+", line))
        )
        query = "SELECT (COUNT(*) AS ?n) { ?claim a <https://w3id.org/allegiance/def/Claim> }"
        request = urllib.request.Request(
            f"{address}/sparql?{urllib.parse.urlencode({'query': query})}",
            headers={"Accept": "application/sparql-results+json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            [row] = json.load(answer)["results"]["bindings"]
        with urllib.request.urlopen(address + "/", timeout=30) as page:
            home = page.read().decode()
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert int(row["n"]["value"]) > 100
    assert "<h1" in home
    assert list(folder.iterdir()) == []


def test_the_installed_command_checks_and_explains(
    installed: Path, elsewhere: tuple[Path, dict[str, str]]
) -> None:
    folder, environment = elsewhere

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed / "allegiance", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )

    checked = run("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 errors" in checked.stdout + checked.stderr
    why = run("why", "id:russia", "def:suppliesArmsTo", "id:armenia")
    assert why.returncode == 0
    assert "claim:" in why.stdout
    made = run("new", "mine")
    assert made.returncode == 0, made.stderr
    assert run("check", "mine").returncode == 0
