"""One route's model servers: what starts, takes over, is retried and is let go, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from milepost.config.blocks import GatewayRoute
from milepost.domain.serving import Served, Target
from milepost.errors import NotFound
from milepost.services.kept_route import KeptRoute, Patience
from milepost.upstreams.base import Address


@dataclass
class Stub:
    """A model server that is as it is told to be."""

    target: Target
    address: Address
    loaded: bool = False
    end: str = ""
    asked_to_leave: bool = False
    killed: bool = False

    def ended(self) -> str:
        return self.end

    def ready(self) -> bool:
        return self.loaded

    def leave(self) -> None:
        self.asked_to_leave = True

    def kill(self) -> None:
        self.killed = True


@dataclass
class House:
    """A route with stubs for servers, and a clock that only moves when told to."""

    folder: Path
    now: float = 100.0
    stubs: list[Stub] = field(default_factory=list)
    refuse: str = ""
    hold: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.hold.set()
        route = GatewayRoute("r", "models:/m/production")
        link, note = self.folder / "0", self.folder / "0.json"
        patience = Patience(load=30, answer=10, slow_load=5)
        self.kept = KeptRoute(route, link, note, self._launch, patience, lambda: self.now)

    def _launch(self, target: Target, number: int) -> Stub:
        self.hold.wait(60)
        if self.refuse:
            raise NotFound(self.refuse)
        stub = Stub(target, Address(str(self.folder / f"0-{number}")))
        self.stubs.append(stub)
        return stub

    def tick(self, seconds: float = 0) -> None:
        """Time passes; then, until what was begun in a thread is there, moments without length."""
        self.now += seconds
        self.kept.tick()
        for thread in threading.enumerate():
            if thread.name == "milepost-model-load":
                thread.join(60)
        self.kept.tick()

    @property
    def served(self) -> Served:
        return msgspec.json.decode((self.folder / "0.json").read_bytes(), type=Served)

    @property
    def answering(self) -> str:
        link = self.folder / "0"
        return str(link.readlink()) if link.is_symlink() else ""

    def serving(self, version: int) -> Stub:
        """Bring a version to where it serves."""
        self.kept.want(v(version))
        self.tick()
        self.stubs[-1].loaded = True
        self.tick()
        return self.stubs[-1]


def v(number: int) -> Target:
    return Target(f"models:/m/{number}", f"mlflow-artifacts:/{number}")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.hold.set()


def test_it_answers_once_it_has_loaded(house: House) -> None:
    house.tick()
    assert (house.served.state, house.answering) == ("waiting", "")
    house.kept.want(v(1))
    house.tick()
    assert (house.served.state, house.answering) == ("loading", "")
    house.stubs[0].loaded = True
    house.tick()
    assert (house.served.state, house.served.serving) == ("serving", "models:/m/1")
    assert house.answering == house.stubs[0].address.socket


def test_a_new_version_takes_over_when_it_is_ready_and_the_old_one_leaves_later(
    house: House,
) -> None:
    old = house.serving(1)
    house.kept.want(v(2))
    house.tick()
    assert (house.served.state, house.served.serving) == ("serving", "models:/m/1")
    assert house.answering == old.address.socket
    new = house.stubs[1]
    new.loaded = True
    house.tick()
    assert house.answering == new.address.socket
    # A request may be on its way to it, and then it may be working on one.
    assert (old.asked_to_leave, old.killed) == (False, False)
    house.tick(2)
    assert (old.asked_to_leave, old.killed) == (True, False)
    house.tick(10)
    assert (old.asked_to_leave, old.killed) == (True, True)
    assert len(house.stubs) == 2


def test_a_version_that_does_not_load_leaves_the_old_one_serving(house: House) -> None:
    old = house.serving(1)
    house.kept.want(v(2))
    house.tick()
    house.stubs[1].end = "it ended with 1: no module named sklearn"
    house.tick()
    assert house.answering == old.address.socket
    assert house.served.problem == "models:/m/2: it ended with 1: no module named sklearn"
    assert (house.served.state, house.served.serving) == ("serving", "models:/m/1")
    # Another version need not wait for what the last one did.
    house.serving(3)
    assert (house.served.serving, house.served.problem) == ("models:/m/3", "")


def test_pauses_between_tries_grow_and_end_with_a_server_that_was_well(house: House) -> None:
    house.serving(1)
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        house.stubs[-1].end = "it was ended by SIGKILL"
        house.tick()
        assert (house.answering, house.served.state) == ("", "failed")
        started = len(house.stubs)
        house.tick(pause - 0.01)
        assert len(house.stubs) == started
        house.tick(0.02)
        assert len(house.stubs) == started + 1
        house.stubs[-1].loaded = True
        house.tick()
        assert house.served.state == "serving"
    house.tick(61)
    house.stubs[-1].end = "it was ended by SIGKILL"
    house.tick()
    house.tick(1)
    house.stubs[-1].loaded = True
    house.tick()
    assert house.served.state == "serving"


def test_a_model_that_is_taken_away_is_no_longer_served(house: House) -> None:
    server = house.serving(1)
    house.kept.want(None, "No versions of model with name 'm' and stage 'Production' found")
    house.tick()
    assert (house.answering, house.served.state) == ("", "waiting")
    assert "No versions of model" in house.served.problem
    house.tick(2)
    assert server.asked_to_leave
    assert house.serving(1) is not server


def test_a_start_that_is_no_longer_wanted_is_ended_wherever_it_is(house: House) -> None:
    house.hold.clear()
    house.kept.want(v(1))
    house.kept.tick()
    house.kept.want(v(2))
    house.kept.tick()
    house.hold.set()
    house.tick()
    first, second = sorted(house.stubs, key=lambda stub: stub.target.uri)
    assert first.killed
    assert not second.killed


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (lambda house: house.tick(31), "not loaded in 30 seconds"),
        (lambda house: setattr(house.stubs[0], "end", "it ended with 1"), "it ended with 1"),
    ],
)
def test_a_start_that_comes_to_nothing(
    house: House, trouble: Callable[[House], None], said: str
) -> None:
    house.kept.want(v(1))
    house.tick()
    trouble(house)
    house.tick()
    assert house.served.problem == f"models:/m/1: {said}"
    assert house.stubs[0].killed


def test_files_that_cannot_be_fetched(house: House) -> None:
    house.refuse = "There are no files at s3://models/fraud"
    house.kept.want(v(1))
    house.tick()
    assert house.served.state == "failed"
    assert house.served.problem == f"models:/m/1: {house.refuse}"


def test_a_link_that_somebody_removed_is_made_again(house: House) -> None:
    server = house.serving(1)
    (house.folder / "0").unlink()
    house.tick()
    assert house.answering == server.address.socket


def test_the_end_leaves_no_server(house: House) -> None:
    old = house.serving(1)
    house.serving(2)
    house.kept.want(v(3))
    house.tick()
    left = house.kept.close()
    assert left == house.stubs[:2]
    assert house.stubs[2].killed
    assert old in left
