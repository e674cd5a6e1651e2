"""Requests for stage transitions, and the decisions about them."""

from __future__ import annotations

from milepost.domain.registry import By, RequestState, Stage, TransitionRequest
from milepost.domain.search import decode_page_token, encode_page_token
from milepost.domain.webhooks import Action, Entity, Event
from milepost.errors import Conflict, Denied, Exists, NotFound
from milepost.services.registry.journal import Entry, Journal
from milepost.services.registry.versions import Versions, check_archiving, locked
from milepost.services.search import Page
from milepost.services.tracking import now
from milepost.store.registry import models, requests
from milepost.store.tx import Tx

_NEWEST = 2**63 - 1


class Approvals:
    """Who wants what, and who allowed it."""

    def __init__(self, versions: Versions, journal: Journal) -> None:
        self._versions = versions
        self._journal = journal

    def request(
        self, tx: Tx, by: By, name: str, version: int, stage: Stage, *, archive_existing: bool
    ) -> TransitionRequest:
        """Ask for a transition. Raises Exists while the same one is being asked for."""
        check_archiving(stage, archive_existing=archive_existing)
        model, found = locked(tx, name, version)
        if found.stage is stage:
            raise Conflict(f"Version {version} of model '{name}' is already in {stage.label}.")
        other = requests.pending(tx, model.id, version, stage)
        if other is not None:
            raise Exists(f"Request {other} for the same transition is waiting for a decision.")
        at = now()
        number = requests.add(
            tx,
            TransitionRequest(
                0, model.id, name, version, stage, archive_existing, RequestState.PENDING,
                by.actor, at, by.note, "", None, "",
            ),
        )  # fmt: skip
        entry = Entry("stage.requested", str(number), found.stage.label, stage.label)
        self._journal.record(tx, at, by, model, entry, version)
        data = {
            "name": name,
            "version": str(version),
            "from_stage": found.stage.label,
            "to_stage": stage.label,
            "request_id": str(number),
            "actor": by.actor,
            "comment": by.note,
        }
        self._journal.tell(tx, at, Event(Entity.MODEL_VERSION_STAGE, Action.REQUESTED), data)
        return self.get(tx, number)

    def get(self, tx: Tx, number: int) -> TransitionRequest:
        """A request by id."""
        found = requests.get(tx, number)
        if found is None:
            raise NotFound(f"Transition request with id={number} not found")
        return found

    def of_model(
        self,
        tx: Tx,
        state: RequestState | None,
        name: str,
        version: int | None,
        limit: int,
        token: str,
    ) -> Page[TransitionRequest]:
        """A page of the requests of a model, newest first."""
        model = models.find(tx, name)
        if model is None:
            raise NotFound(f"Registered Model with name={name} not found")
        before = decode_page_token(token) or _NEWEST
        found = requests.of(tx, model.id, version, state, before, limit + 1)
        more = len(found) > limit
        return Page(found[:limit], encode_page_token(found[limit - 1].id) if more else None)

    def approve(self, tx: Tx, by: By, number: int) -> TransitionRequest:
        """Grant a request: the transition happens now. Whoever asked cannot grant it, nor can
        who leaves open whether it was he who asked."""
        request = self._pending(tx, number)
        if request.requested_by and by.actor in ("", request.requested_by):
            raise Denied("A transition is approved by somebody else than who asked for it.")
        model, version = locked(tx, request.model, request.version)
        self._decide(tx, by, request, RequestState.APPROVED, "stage.approved")
        self._versions.bring(
            tx, by, model, version, request.stage, archive_existing=request.archive_existing
        )
        return self.get(tx, number)

    def reject(self, tx: Tx, by: By, number: int) -> TransitionRequest:
        """Turn a request down; who asked may take it back this way."""
        request = self._pending(tx, number)
        self._decide(tx, by, request, RequestState.REJECTED, "stage.rejected")
        return self.get(tx, number)

    def _pending(self, tx: Tx, number: int) -> TransitionRequest:
        """A request that waits for a decision, its model locked."""
        models.lock_number(tx, self.get(tx, number).model_id)
        request = self.get(tx, number)
        if request.state is not RequestState.PENDING:
            raise Conflict(f"Request {number} was already {request.state.name.lower()}.")
        return request

    def _decide(
        self, tx: Tx, by: By, request: TransitionRequest, state: RequestState, action: str
    ) -> None:
        model, version = locked(tx, request.model, request.version)
        at = now()
        requests.decide(tx, request.id, state, by.actor, at, by.note)
        entry = Entry(action, str(request.id), version.stage.label, request.stage.label)
        self._journal.record(tx, at, by, model, entry, request.version)
