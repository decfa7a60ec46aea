"""A home that cannot be written to: kept runs are read all the same, and what cannot be kept is one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cofire.store import Store, home
from commands import START, Command, Said, entries, refused

# Each makes the home unwritable in another way, where only the command that it then runs sees it.
WAYS = {
    # root may write whatever the permissions say, unless it is told to do without that right
    "permission denied": '{rights} sh -c \'chmod -R a-w $COFIRE_HOME; "$@"; code=$?; '
    'chmod -R u+w $COFIRE_HOME; exit $code\' sh "$@"',
    "read-only file system": "unshare --mount sh -c 'mount --bind $COFIRE_HOME $COFIRE_HOME && "
    'mount -o remount,ro,bind $COFIRE_HOME && exec "$@"\' sh "$@"',
    "no space left on device": "unshare --mount sh -c 'cp -a $COFIRE_HOME ../copy && "
    "mount -t tmpfs -o size=1m tmpfs $COFIRE_HOME && cp -a ../copy/. $COFIRE_HOME && rm -r ../copy && "
    '{{ dd if=/dev/zero of=$COFIRE_HOME/fill bs=1k 2>&-; exec "$@"; }}\' sh "$@"',
}
RIGHTS = "setpriv --bounding-set=-dac_override,-dac_read_search" if os.geteuid() == 0 else ""


@pytest.fixture(params=WAYS)
def reason(request: pytest.FixtureRequest, command: Command) -> str:
    """Why the home cannot be written to, where this machine lets us make it so."""
    found = _within(request.param, "sh", "-c", "! (echo x > $COFIRE_HOME/probe)")
    if found.returncode:
        pytest.skip(f"the tests may not make a home that is so: {found.stderr.strip()}")
    return str(request.param)


def _within(reason: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = WAYS[reason].format(rights=RIGHTS)
    return subprocess.run(["sh", "-c", script, "sh", *arguments], capture_output=True, text=True, check=False)


def unwritable(reason: str, *arguments: str) -> Said:
    said = _within(reason, sys.executable, "-c", START, *arguments)
    return Said(said.returncode, said.stdout, said.stderr)


def kept(command: Command) -> str:
    """The id of a run that the catalogue does not know, as when a process was killed."""
    assert command("run", "good").code == 0
    with Store() as store:
        (found,) = store.find()
    found.folder.rename(found.folder.with_name("0123abcd"))
    return "0123abcd"


def test_kept_runs_are_read(command: Command, reason: str) -> None:
    name = kept(command)
    for arguments, part in (
        (["runs"], "1 run in"),
        (["runs", "show", name], "1 of 3 findings reproduced"),
        (["runs", "compare", name, name], "They were given the same"),
        (["runs", "export", name, "--to", "csv"], f"Written to good-{name}"),
    ):
        said = unwritable(reason, *arguments)
        assert (said.code, said.err) == (0, ""), said
        assert part in said.out


def test_what_cannot_be_kept_is_shown_and_said_in_one_line(command: Command, reason: str) -> None:
    name = kept(command)
    for arguments in (["run", "good", "--seed", "1"], ["sweep", "good", "--seeds", "3"]):
        said = unwritable(reason, *arguments)
        assert said.code == 0, said
        assert "reproduced" in said.out
        line = f"the run is not kept in {home()}: {reason}; COFIRE_HOME changes it"
        assert said.err == f"cofire: {line}\n"
    assert entries(Path()) == ["cofire-sweep-good"]
    assert entries(home() / "runs") == [name]


def test_what_cannot_be_deleted_stays(command: Command, reason: str) -> None:
    name = kept(command)
    said = unwritable(reason, "runs", "delete", name)
    if reason == "no space left on device":  # deleting needs none
        assert (said.code, said.out) == (0, f"Deleted {name}\n")
        return
    refused(said, 1, f"the run {name} cannot be deleted: {reason}")
    assert entries(home() / "runs") == [name]
