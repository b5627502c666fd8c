"""The file of a saved state: whole or not at all, of one sandbox, and damaged or newer ones are refused."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.sandbox import Sandbox, StateError
from tests.conftest import NOW
from tests.sandbox.conftest import Platform
from tests.sandbox.saved_platforms import reopened, sold_and_shared


@pytest.fixture
def platform() -> Platform:
    """One way to reach it will do: what is tested is behind the wire."""
    return Platform()


def saved(tmp_path: Path) -> tuple[Path, bytes]:
    """A file with a state, of a sandbox that has ended, and its bytes."""
    platform = Platform()
    sold_and_shared(platform)
    reopened(platform, tmp_path / "first")
    path = tmp_path / "state"
    path.write_bytes((tmp_path / "first").read_bytes())
    return path, path.read_bytes()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "half": lambda whole: whole[: len(whole) // 2],
    "one byte": lambda whole: whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:],
    "head only": lambda whole: whole.partition(b"\n")[0],
    "not ours": lambda whole: b'{"a": "file of somebody else"}\n',
    "text": lambda whole: b"a shopping list\n- eggs\n",
    "binary": lambda whole: bytes(range(256)),
    "nested": lambda whole: b"[" * 100_000,
    "version 0": lambda whole: whole.replace(b'"version": 1', b'"version": 0', 1),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, how: str) -> None:
    """The sentence names the file and what to do."""
    path, whole = saved(tmp_path)
    path.write_bytes(DAMAGE[how](whole))
    before = path.read_bytes()
    with pytest.raises(
        StateError, match=r"is damaged, or is not the state of a sandbox\. It was left as it is\."
    ) as error:
        Sandbox().keep_state(path)
    assert str(path) in str(error.value)
    assert path.read_bytes() == before


def test_a_file_of_a_newer_sandbox_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """The refusal says which version the file has, and which can be read."""
    path, whole = saved(tmp_path)
    head, _, body = whole.partition(b"\n")
    newer = json.dumps({**json.loads(head), "version": 99}).encode() + b"\n" + body
    path.write_bytes(newer)
    with pytest.raises(StateError, match=r"newer sandbox \(version 99; this one reads 1\)"):
        Sandbox().keep_state(path)
    assert path.read_bytes() == newer


def test_only_one_sandbox_has_a_file(tmp_path: Path) -> None:
    """The second is told so and writes nothing."""
    path = tmp_path / "state"
    first = Sandbox()
    first.keep_state(path).save()
    before = path.read_bytes()
    with pytest.raises(StateError, match="is in use by another sandbox"):
        Sandbox().keep_state(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["no/such/folder/state", "."])
def test_a_place_that_cannot_hold_a_file_is_said(tmp_path: Path, place: str) -> None:
    """Before anything is served."""
    with pytest.raises(StateError, match="cannot be"):
        Sandbox().keep_state(tmp_path / place).start()


def test_a_full_disk_leaves_the_state_of_before(tmp_path: Path) -> None:
    """A folder in the place of the fresh file stands in for a write that fails."""
    path = tmp_path / "state"
    sandbox = Sandbox()
    keeper = sandbox.keep_state(path)
    keeper.save()
    before = path.read_bytes()
    (tmp_path / "state.new").mkdir()
    sandbox.add_webhook("http://shop.test", secret="whsec_a")
    with pytest.raises(StateError, match="cannot be saved"):
        keeper.save()
    assert path.read_bytes() == before
    (tmp_path / "state.new").rmdir()
    assert keeper.save()
    assert path.read_bytes() != before


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds the secrets of webhook endpoints."""
    Sandbox().keep_state(tmp_path / "state").save()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    """The file that it leads to is written."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "state"
    link.symlink_to(tmp_path / "real/state")
    Sandbox().keep_state(link).save()
    assert link.is_symlink()
    assert (tmp_path / "real/state").is_file()


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    """A sandbox that nobody calls leaves the disk alone."""
    sandbox = Sandbox()
    keeper = sandbox.keep_state(tmp_path / "state")
    assert keeper.save()
    assert not keeper.save()
    sandbox.clock.advance(1)
    assert keeper.save()


def test_a_sandbox_without_a_file_says_how_to_give_it_one(platform: Platform) -> None:
    """Asked to save, it refuses."""
    refused = platform.raw("POST", "/_sandbox/save", key=None, json={})
    assert refused.status_code == 400
    assert "--state FILE" in refused.json["error"]["message"]


def test_a_task_of_no_name_cannot_be_put_off(platform: Platform) -> None:
    """A task that could not be saved is refused when it is made, not when the file is written."""
    with pytest.raises(LookupError, match=r"name it in state/tasks\.py"):
        platform.sandbox.world.timeline.at(NOW, "something.else")
