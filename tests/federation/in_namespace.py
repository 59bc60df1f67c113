"""Run in a network namespace of its own: a name server that changes its mind, an endpoint at a
public address, a trap at a loopback one, and a real server that may ask them by name.

    unshare --net --mount --map-root-user python in_namespace.py FOLDER

Prints JSON: what each query was answered, and who was asked. Exit code 77 where the system does not
let a namespace be set up.
"""

import fcntl
import json
import socket
import struct
import subprocess
import sys
import threading
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from federation.endpoints import endpoint
from serve.running_server import Running

PUBLIC = "8.8.4.4"
PORT = 8080
ANSWERS = {
    "public.test": [[PUBLIC]],
    "rebind.test": [[PUBLIC], ["127.0.0.1"]],
    "private.test": [["10.0.0.7"]],
    "loopback.test": [["127.0.0.1"]],
    "metadata.test": [["169.254.169.254"]],
    "mixed.test": [[PUBLIC, "127.0.0.1"]],
    "none.test": [[]],
}
"""Name → its addresses, at the first question, at the second, …; the last ones stay."""

_SET_ADDRESS, _GET_FLAGS, _SET_FLAGS = 0x8916, 0x8913, 0x8914


def set_up(folder: Path) -> None:
    """Have the loopback interface up, with a public address too, and names resolved by us."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for name, address in ((b"lo", "127.0.0.1"), (b"lo:1", PUBLIC)):
            told = socket.inet_aton(address)
            request = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, told)
            fcntl.ioctl(control, _SET_ADDRESS, request)
            flags = fcntl.ioctl(control, _GET_FLAGS, struct.pack("16sH14x", name, 0))
            (now,) = struct.unpack_from("H", flags, 16)
            fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH14x", name, now | 1))
    files = {
        "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n",
        "/etc/hosts": "127.0.0.1 localhost\n",
        "/etc/nsswitch.conf": "hosts: files dns\n",
    }
    for number, (path, text) in enumerate(files.items()):
        ours = folder / str(number)
        ours.write_text(text)
        subprocess.run(["mount", "--bind", str(ours), path], check=True)


def serve_names(asked: list[str]) -> None:
    """Answer questions for addresses (RFC 1035), by ANSWERS; note each name that was asked."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def work() -> None:
        while True:
            question, client = server.recvfrom(4096)
            labels, at = [], 12
            while length := question[at]:
                labels.append(question[at + 1 : at + 1 + length].decode())
                at += length + 1
            kind = int.from_bytes(question[at + 1 : at + 3], "big")
            name = ".".join(labels).lower()
            found: list[str] = []
            if kind == 1 and name in ANSWERS:
                turns = ANSWERS[name]
                found = turns[min(asked.count(name), len(turns) - 1)]
                asked.append(name)
            head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0)
            rows = b"".join(
                struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(one) for one in found
            )
            server.sendto(head + question[12 : at + 5] + rows, client)

    threading.Thread(target=work, daemon=True).start()


def main() -> None:
    folder = Path(sys.argv[1])
    try:
        set_up(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        sys.exit(77)
    names: list[str] = []
    serve_names(names)
    (folder / "token").write_text("only-for-these-tests-0123456789")
    arguments = ["--store", str(folder / "store"), "--token-file", str(folder / "token")]
    arguments += ["--port", "0", "--fronts", "1", "--log", "none"]
    for name in ANSWERS:
        arguments += ["--service-allow", f"http://{name}:{PORT}"]
    told: dict[str, list[object]] = {}
    with (
        endpoint(PUBLIC, port=PORT) as public,
        endpoint("127.0.0.1", port=PORT) as trap,
        Running(*arguments) as server,
    ):
        for name in ("public.test", *ANSWERS):
            query = f"SELECT * {{ SERVICE <http://{name}:{PORT}/> {{ ?s ?p ?o }} }}"
            status, body = server.get(
                "sparql?" + urllib.parse.urlencode({"query": query}), "application/json"
            )
            told.setdefault(name, []).append([status, body.decode()])
        # Once more, now that the name stands for another address.
        query = f"SELECT * {{ SERVICE <http://rebind.test:{PORT}/> {{ ?s ?p ?o }} }}"
        status, body = server.get("sparql?" + urllib.parse.urlencode({"query": query}))
        told["rebind.test"].append([status, body.decode()])
        hosts = [headers["host"] for _, headers, _ in public.asked]
        trapped = len(trap.asked)
    print(json.dumps({"told": told, "names": names, "hosts": hosts, "trapped": trapped}))


if __name__ == "__main__":
    main()
