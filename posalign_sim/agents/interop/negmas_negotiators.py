"""Negotiators of the NegMAS library as parties to a bargain."""

from __future__ import annotations

import copy
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from posalign_sim.agents.interop.foreign import Act, Foreign, IllegalActError, Player
from posalign_sim.envs.bargaining import Bargaining
from posalign_sim.envs.bargaining_sight import ACCEPT, LEAVE, PROPOSE, REJECT
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.modules import Decision
from posalign_sim.world.record import Sight
from posalign_sim.world.scenario import Scenario

#: Divisions of a pie that a negotiator is given to choose from.
MOST_DIVISIONS = 20_000
#: `leave` of the decision `respond`.
LEAVE_OFFER = 1


class NegmasNegotiator(Foreign):
    """A negotiator of NegMAS (Mohammad et al. 2021, PRICAI) for `Bargaining`.

    It plays as in the library's stacked alternating offers: called once a turn, it answers the
    offer on the table and makes the next one. It is given an outcome space (the issues, options
    numbered from 0; the divisions of the pie, if that is what there is), an additive utility
    function in its own points, undiscounted, its points without a deal as reserved value, and as
    many steps as leave it as many turns as the bargain has passes: `deadline` passes of two are
    (deadline + 1) / 2 steps. What it asks of the mechanism (`nmi`) tells of offers that it has
    seen. To end the negotiation, or to offer nothing, is to leave. Every bargain has a negotiator
    of its own. Python's and NumPy's global generators are its own while it decides.

    Args:
        negotiator: a name (`"BoulwareTBNegotiator"`), a class, or any function that makes one.
        **parameters: that it is made with.

    Raises:
        ConfigurationError: there is no such negotiator, or parameters do not fit it.
    """

    knows = ("offer", "respond")

    def __init__(self, negotiator: Any, **parameters: Any) -> None:
        """See the class."""
        library = negmas()
        if isinstance(negotiator, str):
            names = {n: s for n, s in vars(library.sao).items() if _is_negotiator(library, s)}
            if negotiator not in names:
                raise ConfigurationError(
                    f"NegMAS has no negotiator {negotiator!r}: {nearest(negotiator, names)}"
                )
            negotiator = names[negotiator]
        if not callable(negotiator):
            raise ConfigurationError(f"{negotiator!r} is no negotiator of NegMAS, nor makes one")
        self.name = getattr(negotiator, "__name__", type(negotiator).__name__)
        self._make, self._parameters = negotiator, parameters
        self.negotiator()

    def negotiator(self) -> Any:
        """A negotiator that has not joined anything yet."""
        library = negmas()
        try:
            made = self._make(**self._parameters)
        except Exception as error:
            raise ConfigurationError(f"{self.name} of NegMAS: {error}") from None
        if not _is_negotiator(library, type(made)):
            raise ConfigurationError(f"{self.name} makes a {type(made).__name__}, no negotiator")
        return made

    def check(self, scenario: Scenario, seat: int) -> None:
        """Refuse games that are no bargain in turns."""
        game = scenario.game
        if not isinstance(game, Bargaining):
            raise ConfigurationError(
                f"seat {seat}: {self.name} of NegMAS plays bargaining, not {game.name}"
            )
        if game.values["simultaneous"].any():
            raise ConfigurationError(
                f"seat {seat}: {self.name} of NegMAS cannot demand at the same time as others"
            )
        if game.values["divide"].any():
            sizes = scenario.structure.sizes
            divisions(sizes["issues"], sizes["options"])

    def player(self, scenario: Scenario, seat: int, world: Any, seed: int) -> Player:
        """See `Foreign`."""
        return _InSeat(self, seed)


class _InSeat(Player):
    """A negotiator in a seat: another one for each bargain."""

    def __init__(self, kind: NegmasNegotiator, seed: int) -> None:
        self.kind = kind
        self.luck = random.Random(seed).getstate(), np.random.RandomState(seed % 2**32).get_state()
        self.bargain: _Bargain | None = None
        self.round = -1

    def decide(self, p: Sight, i: int, decision: Decision) -> Act:
        """See `Player`."""
        with self.own_luck():
            if self.bargain is None or self.round != p.clock:
                self.bargain, self.round = _Bargain(self.kind, p, i), int(p.clock)
            if decision.name == "offer":
                return self.bargain.offer(p, i)
            return self.bargain.respond(p, i)

    @contextmanager
    def own_luck(self) -> Iterator[None]:
        """The library draws from global generators: they are this player's for a while."""
        before = random.getstate(), np.random.get_state()
        random.setstate(self.luck[0])
        np.random.set_state(self.luck[1])
        try:
            yield
        finally:
            self.luck = random.getstate(), np.random.get_state()
            random.setstate(before[0])
            np.random.set_state(before[1])


class _Bargain:
    """One bargain as a negotiator knows it: a mechanism that it has joined, which never runs."""

    def __init__(self, kind: NegmasNegotiator, p: Any, i: int) -> None:
        library = self.library = negmas()
        self.parties, self.place = int(p.parties[i]), int(p.party[i])
        options = [int(n) for n in p.options_of]
        points = p.points[i]
        self.divisions: list[tuple[int, ...]] = []
        if p.divide:
            self.divisions = divisions(len(options), points.shape[1])
            worth = [sum(float(points[k, o]) for k, o in enumerate(d)) for d in self.divisions]
            tables = {"division": dict(enumerate(worth))}
        else:
            tables = {
                f"issue_{k}": {o: float(points[k, o]) for o in range(n)}
                for k, n in enumerate(options)
            }
        self.numbers = [len(table) for table in tables.values()]
        space = library.make_os([library.make_issue(len(t), name) for name, t in tables.items()])
        self.mechanism = library.SAOMechanism(
            outcome_space=space,
            # The first call makes an offer, and in each pass all but the proposer are called.
            n_steps=math.ceil((1 + (self.parties - 1) * int(p.deadline)) / self.parties),
            ignore_negotiator_exceptions=False,
        )
        self.negotiator = kind.negotiator()
        indifferent = {name: dict.fromkeys(table, 0.0) for name, table in tables.items()}
        self.ids: list[str] = []
        for place in range(self.parties):
            mine = place == self.place
            joining = self.negotiator if mine else _absent()(name=f"party_{place}")
            utility = library.LinearAdditiveUtilityFunction(
                values=tables if mine else indifferent,
                weights=dict.fromkeys(tables, 1.0),
                outcome_space=space,
                reserved_value=float(p.reserve[i]) if mine else 0.0,
            )
            if not self.mechanism.add(joining, ufun=utility):
                raise IllegalActError(f"{kind.name} does not join the negotiation")
            self.ids.append(joining.id)
        #: Who has made an offer: identities, and the place that each was given.
        self.bidders: dict[int, int] = {}
        self.counter: tuple[int, Any] | None = None
        self.state = self.mechanism._current_state
        self.state.running = self.state.started = True
        self.state.n_negotiators = self.parties
        self.steps = 0
        self.negotiator._on_negotiation_start(self.mechanism.state_for(self.negotiator))

    def offer(self, p: Any, i: int) -> Act:
        """Its next offer: the one that came with its last answer, if it is its turn at once."""
        step = int(p.step)
        if self.counter is not None and self.counter[0] == step:
            outcome = self.counter[1]
        else:
            self.advance((self.parties - 1) * step)
            self.state.current_offer = self.state.current_proposer = None
            outcome = self.call().outcome
        if outcome is None:
            return LEAVE, ()
        terms = self.terms(outcome)
        self.note(self.place, outcome)
        return PROPOSE, terms

    def respond(self, p: Any, i: int) -> Act:
        """Its answer to the offer on the table; the offer that comes with it is kept."""
        terms = tuple(int(o) for o in p.terms[i])
        offer = (self.divisions.index(terms),) if self.divisions else terms
        bidder, calls = self.seat_of(int(p.bidder[i])), (self.parties - 1) * int(p.step)
        # What has happened since its last turn, in the order in which the library tells of it.
        self.advance(calls)
        state, partner = self.mechanism.state_for(self.negotiator), self.ids[bidder]
        if state.current_offer is not None:
            rejects = self.library.ResponseType.REJECT_OFFER
            self.negotiator.on_partner_response(
                state=state, partner_id=partner, outcome=state.current_offer, response=rejects
            )
        self.negotiator.on_partner_proposal(partner_id=partner, offer=offer, state=state)
        self.note(bidder, offer)
        self.advance(calls + 1)
        answer = self.call()
        kinds = self.library.ResponseType
        self.counter = int(p.step) + 1, answer.outcome
        if answer.response == kinds.ACCEPT_OFFER:
            return ACCEPT, ()
        if answer.response == kinds.REJECT_OFFER:
            return REJECT, ()
        if answer.response in (kinds.END_NEGOTIATION, kinds.LEAVE):
            return LEAVE_OFFER, ()
        raise IllegalActError(f"{answer.response!r} is no answer to an offer")

    def call(self) -> Any:
        """Ask the negotiator as the library does."""
        following = self.ids[(self.place + 1) % self.parties]
        state = self.mechanism.state_for(self.negotiator)
        answer = self.negotiator(state=state, dest=following)
        if not isinstance(answer, self.library.SAOResponse):
            raise IllegalActError(f"{answer!r} is no answer to an offer")
        return answer

    def advance(self, calls: int) -> None:
        """Go on to the step in which so many calls have been made: each calls everybody once."""
        state = self.state
        while self.steps <= calls // self.parties:
            if self.steps:
                self.mechanism._history.append(copy.copy(state))
            state.new_offers, state.step = [], self.steps
            self.steps += 1
            self.negotiator.on_round_start(self.mechanism.state_for(self.negotiator))

    def note(self, place: int, outcome: Any) -> None:
        """An offer is on the table."""
        state = self.state
        state.current_offer, state.current_proposer = outcome, self.ids[place]
        state.last_negotiator = self.mechanism.negotiators[place].name
        state.n_acceptances = 1
        state.new_offers = [*state.new_offers, (self.ids[place], outcome)]

    def seat_of(self, bidder: int) -> int:
        """The place of another party: in the order in which they come to make an offer."""
        if bidder not in self.bidders:
            others = [place for place in range(self.parties) if place != self.place]
            self.bidders[bidder] = others[len(self.bidders) % len(others)]
        return self.bidders[bidder]

    def terms(self, outcome: Any) -> Sequence[int]:
        """An outcome of the library as terms.

        Raises:
            IllegalActError: it lies outside the outcome space.
        """
        numbers = list(outcome) if isinstance(outcome, tuple | list) else []
        fits = len(numbers) == len(self.numbers) and all(
            isinstance(n, int | np.integer) and not isinstance(n, bool) and 0 <= n < most
            for n, most in zip(numbers, self.numbers, strict=True)
        )
        if not fits:
            raise IllegalActError(f"the offer {outcome!r} lies outside the outcome space")
        return self.divisions[numbers[0]] if self.divisions else [int(n) for n in numbers]


@cache
def divisions(parties: int, options: int) -> list[tuple[int, ...]]:
    """All ways to divide a pie into shares, leaving nothing or something.

    >>> divisions(2, 3)
    [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]

    Raises:
        ConfigurationError: there are too many to name.
    """
    top = options - 1
    if math.comb(top + parties, parties) > MOST_DIVISIONS:
        raise ConfigurationError(
            f"a pie in {top} parts among {parties} can be divided in more than {MOST_DIVISIONS} "
            "ways, too many for a negotiator of NegMAS: give fewer options"
        )
    shares = itertools.product(range(options), repeat=parties)
    return [division for division in shares if sum(division) <= top]


class _Library:
    """What is used of NegMAS, under one roof."""

    def __init__(self) -> None:
        from negmas import make_issue, sao
        from negmas.gb.negotiators.base import GBNegotiator
        from negmas.outcomes import make_os
        from negmas.preferences import LinearAdditiveUtilityFunction
        from negmas.sao.common import ResponseType, SAOResponse

        self.make_issue, self.make_os, self.sao = make_issue, make_os, sao
        self.SAOMechanism, self.GBNegotiator = sao.SAOMechanism, GBNegotiator
        self.LinearAdditiveUtilityFunction = LinearAdditiveUtilityFunction
        self.ResponseType, self.SAOResponse = ResponseType, SAOResponse


@cache
def _loaded() -> _Library:
    return _Library()


def negmas() -> Any:
    """What is used of the library.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return _loaded()
    except ImportError:
        raise ConfigurationError(
            "NegMAS is not installed: pip install 'posalign-sim[interop]'"
        ) from None


@cache
def _absent() -> Any:
    """The class of those whom a negotiator knows to be there, and who are never called."""
    from negmas.sao import SAONegotiator

    class Absent(SAONegotiator):
        def propose(self, state: Any, dest: Any = None) -> Any:
            raise AssertionError("somebody else decides here")

    return Absent


def _is_negotiator(library: Any, what: Any) -> bool:
    return isinstance(what, type) and issubclass(what, library.GBNegotiator)
