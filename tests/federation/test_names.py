"""Names of allowed origins: what they stand for is looked at once, and must be public."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from allegiance.sparql.origins import is_public, origin_of

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory):
    """What came of the queries in a network namespace with a name server of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("needs the command unshare, which is not here")
    ran = subprocess.run(
        [
            *("unshare", "--net", "--mount", "--map-root-user", sys.executable),
            *(str(HERE / "in_namespace.py"), str(tmp_path_factory.mktemp("names"))),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip(f"a network namespace is not allowed here: {ran.stderr.strip()[-200:]}")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_name_of_a_public_address_is_asked_by_its_name(namespace):
    assert [status for status, _ in namespace["told"]["public.test"]] == [200, 200]
    assert namespace["hosts"].count("public.test:8080") == 2


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("private.test", "10.0.0.7"),
        ("loopback.test", "127.0.0.1"),
        ("metadata.test", "169.254.169.254"),
        ("mixed.test", "127.0.0.1"),
    ],
)
def test_a_name_of_an_inner_address_is_refused(namespace, name, address):
    ((status, body),) = namespace["told"][name]
    assert status == 403
    assert f"stands for {address}, which is not a public" in json.loads(body)["detail"]
    assert f"{name}:8080" not in namespace["hosts"]
    assert namespace["trapped"] == 0


def test_a_name_that_changes_its_address_reaches_nothing_else(namespace):
    """DNS rebinding: what was looked at is what is connected to, and each call looks anew."""
    (first, _), (second, body) = namespace["told"]["rebind.test"]
    assert (first, second) == (200, 403)
    assert "127.0.0.1" in json.loads(body)["detail"]
    assert namespace["names"].count("rebind.test") == 2
    assert namespace["trapped"] == 0


def test_a_name_that_is_not_known_is_told(namespace):
    ((status, body),) = namespace["told"]["none.test"]
    assert status == 502
    assert "cannot be resolved" in json.loads(body)["detail"]


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.0.1", "169.254.169.254"),
        *("172.16.0.1", "192.168.1.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1"),
        *("2001:0:1:2:3:4:80ff:fffe", "2001:db8::1", "fc00::1", "fd12::1", "fe80::1"),
        *("fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "not an address"),
    ],
)
def test_inner_and_reserved_addresses_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.4.4", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.4.4", "64:ff9b::808:404"],
)
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("http://Example.ORG:80/a?b#c", "http://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("https://example.org:80/", "https://example.org:80"),
        ("http://[0:0:0:0:0:0:0:1]:3030/", "http://[::1]:3030"),
        ("http://example.org./", "http://example.org."),
    ],
)
def test_an_origin_has_one_form(address, origin):
    assert str(origin_of(address)) == origin


@pytest.mark.parametrize(
    "address",
    [
        *("", "example.org", "//example.org", "http://", "http:///a", "ftp://example.org"),
        *("http://user@example.org", "http://@example.org", "http://a:b@example.org"),
        *("http://example.org:99999", "http://example.org:x", "http://[::1", "http://[fe80::1%1]"),
        *("http://ex%61mple.org", "http://exämple.org", "javascript://example.org"),
    ],
)
def test_what_has_no_plain_origin_is_refused(address):
    with pytest.raises(ValueError):
        origin_of(address)
