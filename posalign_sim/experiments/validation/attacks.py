"""Attacks on institutions, and how much they gain by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents import (
    BadMouther,
    BallotStuffer,
    Bribable,
    Briber,
    CliqueRater,
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    FrivolousLitigant,
    Griefer,
    Honest,
    Milker,
    Whitewasher,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.experiments.validation.institutions import ledger
from posalign_sim.experiments.validation.playing import go_on, play
from posalign_sim.experiments.validation.rows import (
    Check,
    Run,
    agreeing,
    at_least,
    at_most,
    exact,
    printed,
    row,
)
from posalign_sim.institutions import (
    Arbitration,
    Bond,
    Court,
    EigenTrust,
    Escrow,
    Ratings,
    Registry,
)
from posalign_sim.metrics import Honesty
from posalign_sim.theory import (
    clique_share,
    exit_scam_pays,
    frivolous_fee,
    global_trust,
    record_worth,
    verdict_price,
    whitewashing_profit,
)
from posalign_sim.world.matching import Neighbours
from posalign_sim.world.modules import Agent
from posalign_sim.world.network import Network
from posalign_sim.world.scenario import Scenario

_HONEST, _TELEPORT = 10, 0.15
_SUM, _BETA = 1, 2
#: Cheating gains 4 points, and a sale that is kept earns 1.
_TEMPTING: dict[str, Any] = {"cost_low": 0, "cost_high": 4, "price_high": 5}


def _interpreted(made: Scenario, worlds: int = 1, luck: int = 0) -> Any:
    return play(made, worlds, luck, mode="interpreted")


class _Camouflaged(Agent):
    """Cooperates in six rounds, then defects in five."""

    @staticmethod
    def move(p: Any, i: int) -> int:
        return 0 if p.clock < 6 else 1


def _clique_in_play(sybils: int, mode: Any) -> float:
    """Trust of a clique: all honest seats meet one of it, who alone meets its accomplices."""
    honest = [(a, b) for a in range(_HONEST) for b in range(a)]
    front = [(a, _HONEST) for a in range(_HONEST)]
    crew = [(_HONEST + k, _HONEST + k + 1) for k in range(sybils)]
    n = _HONEST + 1 + sybils
    member = _Camouflaged(conduct=CliqueRater(first=_HONEST, last=n))
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator()] * _HONEST + [member] * (1 + sybils),
        matching=Neighbours(),
        network=Network.from_edges(n, honest + front + crew),
        institutions=[
            EigenTrust(
                pretrusted=[1] * _HONEST + [0] * (1 + sybils),
                teleport=_TELEPORT,
                steps=50,
                fee=0,
            )
        ],
        rounds=11,
        metrics=(),
    )
    ws = play(made, mode=mode).worlds
    return float(ws["eigen_trust"]["global_trust"][0, _HONEST:n].sum())


@row(49, "A clique of sybils", "Kamvar, Schlosser & Garcia-Molina (2003), WWW (EigenTrust)")
def sybils(run: Run) -> list[Check]:
    """It gets (1 - a) e / (a + (1 - a) e) of trust, however large; of sums, all it likes."""
    leak, a, checks = 0.01, _TELEPORT, []
    told = (1 - a) * leak / (a + (1 - a) * leak)
    checks += [
        printed("share at a = .15, e = .01", 0.0536, clique_share(leak, a), 4),
        exact("share without a leak", 0, clique_share(0.0, a)),
    ]
    for many in (1, 10, 1_000):
        n = _HONEST + many
        local = np.zeros((n, n))
        local[:_HONEST, :_HONEST] = (1 - leak) / (_HONEST - 1)
        local[:_HONEST, _HONEST] = leak
        local[_HONEST:, _HONEST:] = 1.0
        if many > 1:
            np.fill_diagonal(local, 0)
        else:
            np.fill_diagonal(local[:_HONEST, :_HONEST], 0)
        trust = global_trust(local, np.arange(n) < _HONEST, a)[_HONEST:].sum()
        checks.append(exact(f"share of {many}, solved", told, trust))
        total = local.sum(axis=0)
        # What the members of a clique say of each other is all that a sum, or a mean, can see.
        if many == 1_000:
            share = total[_HONEST:].sum() / total.sum()
            checks.append(at_least("share of 1000 by sums of marks, which fail", 0.5, share))
            mean = local[:, _HONEST + 1].sum() / np.count_nonzero(local[:, _HONEST + 1])
            checks.append(exact("mean mark of a sybil, which fails", 1, mean))
    for many in (10,) if run.quick else (1, 10, 1_000):
        mode = "interpreted" if many < 100 else "compiled"
        share = _clique_in_play(many, mode)
        checks.append(exact(f"share of {many} in play", told, share, 2e-5))
    return checks


def _earned(seller: Agent, worlds: int, *laws: Any, rounds: int) -> Any:
    """`[worlds]` points of a seller whose buyer shuns who has a bad record."""
    made = Scenario(
        MoralHazardMarket(**_TEMPTING),
        {"seller": [seller], "buyer": [Honest()]},
        institutions=laws,
        metrics=(),
        rounds=rounds,
    )
    return _interpreted(made, worlds).points[:, 0]


@row(50, "Whitewashing", "Friedman & Resnick (2001), J. Economics & Management Strategy 10")
def whitewashing(_: Run) -> list[Check]:
    """It gains less the dearer names are; nothing at the gain less what a kept name is worth."""
    fees, rounds, checks = np.arange(0, 6.01, 0.25), 9, []
    for waits, kept in ((0, 0.0), (1, 1.0)):
        register = Registry(reentry_fee=fees, upkeep=0)
        washed = _earned(Whitewasher(waits=waits), len(fees), ledger(), register, rounds=rounds)
        honest = _earned(Honest(), len(fees), ledger(), register, rounds=rounds)
        profit, names = washed - honest, 4 if waits else 8
        # In a known last round it cheats once more, and needs no new name.
        per_name = (profit - 4) / names
        told = np.array([whitewashing_profit(4, fee, kept) for fee in fees])
        name = f"after {waits} rounds known"
        checks += [
            exact(f"{name}: fee at which it breaks even", 4 - kept, fees[abs(per_name).argmin()]),
            exact(f"{name}: most that profit is off", 0, abs(per_name - told).max(), 1e-5),
            agreeing(f"{name}: profit falls in the fee", np.diff(profit) < 0, [True] * 24),
        ]
    return checks


@row(51, "Stuffed ballots and bad mouths", "Dellarocas (2000), ACM EC; Resnick & Zeckhauser (2002)")
def ballots(_: Run) -> list[Check]:
    """Who rates, however often, has its declared weight; trades without value have none."""
    checks = []
    most = np.array([0.5, 1, 3, 100])
    for score, name in ((_SUM, "sum"), (_BETA, "Bayesian")):
        made = Scenario(
            RepeatedDilemma(),
            [Cooperator(), Cooperator(conduct=BadMouther())],
            institutions=[
                Ratings(score=score, most_per_rater=most, full=20, prior=0.8, prior_weight=4, fee=0)
            ],
            rounds=5,
            metrics=(),
        )
        victim = _interpreted(made, len(most)).worlds["ratings"]["standing_now"][:, 0]
        said = np.minimum(most, 5)
        fall = said / 40 if score == _SUM else 0.8 - 3.2 / (4 + said)
        before = 0.5 if score == _SUM else 0.8
        bound = most / 40 if score == _SUM else most / (4 + most)
        checks.append(
            exact(f"{name}: most off what one rater can do", 0, abs(before - victim - fall).max())
        )
        checks.append(
            agreeing(
                f"{name}: at most the declared weight", before - victim <= bound + 1e-9, [True] * 4
            )
        )
    prices = np.array([0.0, 0.5, 2.0, 9.0])
    made = Scenario(
        MoralHazardMarket(price_high=prices, price_low=0, value_high=20),
        {"seller": [Defector()], "buyer": [Cooperator(conduct=BallotStuffer())]},
        institutions=[Ratings(full_value=4.0, prior_weight=1, prior=0.2, fee=0)],
        rounds=1,
        metrics=(),
    )
    own = _interpreted(made, len(prices)).worlds["ratings"]
    checks.append(exact("seats moved by a trade without value", 0, int(own["was_rated"][0, 0])))
    weight = np.minimum(1, prices[1:] / 4)
    told = (0.2 + weight) / (1 + weight)
    off = abs(own["standing_now"][1:, 0] - told).max()
    checks.append(exact("others count by their value: most off", 0, off, 1e-6))
    return checks


@row(52, "Milking a name, and making off", "Shapiro (1983), QJE 98; Tadelis (1999), AER 89")
def exit_scams(_: Run) -> list[Check]:
    """Iff the gain exceeds the bond and what the name is worth, on a grid of both."""
    checks = []
    bonds, patience = np.arange(0, 4.6, 0.25), np.arange(0.025, 1, 0.05)
    grid = np.array([(b, d) for b in bonds for d in patience])
    for seen in (1.0, 0.5):
        made = Scenario(
            MoralHazardMarket(**_TEMPTING),
            {"seller": [Milker()], "buyer": [DiscriminatingBuyer(unsecured=1)]},
            institutions=[ledger(visibility=seen), Bond(stake=grid[:, 0], evident=1, fee=0)],
            metrics=[Honesty()],
            rounds=None,
            continuation=grid[:, 1],
        )
        ws = go_on(made, made.worlds(len(grid)), 1, "interpreted")
        theory = [exit_scam_pays(4, b, record_worth(1, 0, seen, d)) for b, d in grid]
        found = ws["honesty"]["honest"] == 0
        checks.append(agreeing(f"makes off, {seen:g} of records seen", found, theory))
    return checks


@row(53, "Suing without a case", "Rosenberg & Shavell (1985), Int. Rev. Law & Economics 5")
def frivolous(run: Run) -> list[Check]:
    """Unprofitable iff the fee, lost with the case, exceeds q S / (1 - q)."""
    rng, worlds = run.rng, run.many(400, 150)
    wrongful, stake = rng.uniform(0, 0.9, worlds), rng.uniform(0, 5, worlds)
    edge = wrongful * stake / (1 - wrongful)
    solved = [frivolous_fee(q, s) for q, s in zip(wrongful, stake, strict=True)]
    fee = edge * np.resize([0.5, 0.99, 1.01, 2], worlds)
    terms = {"refund": 0, "damages": stake, "fee": fee, "shifting": 1}
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()], "buyer": [Cooperator(conduct=FrivolousLitigant())]},
        institutions=[Arbitration(accuracy=1, false_finding=wrongful, **terms)],
        rounds=1,
        metrics=(),
    )
    sued = _interpreted(made, worlds).worlds["arbitration"]["disputes"][:, 1] == 1
    return [
        exact("most that the solver is off", 0, abs(edge - solved).max()),
        agreeing("sues in random markets", sued, fee <= edge),
    ]


@row(54, "Buying a verdict", "Becker & Stigler (1974), J. Legal Studies 3")
def bribery(_: Run) -> list[Check]:
    """A verdict costs every vote, and where there is an appeal all votes of that as well."""
    offers, checks, prices = np.round(np.arange(0, 4.01, 0.25), 2), [], {}
    cases: dict[str, tuple[dict[str, Any], float]] = {
        "one arbiter": ({}, verdict_price(1.5, 1)),
        "a jury of three": ({"jury": 3}, verdict_price(1.5, 3)),
        "one, with appeals": (
            {"appeal_fee": 0.5, "appeal_jury": 3},
            verdict_price(1.5, 1, appeal_jury=3, fee=0.5, worth=4),
        ),
    }
    for name, (terms, told) in cases.items():
        made = Scenario(
            RepeatedDilemma(),
            [Cooperator(), Defector(conduct=Briber(offer=offers))],
            institutions=[Court(**{"damages": 1, "fee": 0.1, "quality": 1, **terms})],
            officials={"arbiter": [Bribable(price=1.5)] * 3},
            metrics=(),
            rounds=1,
        )
        own = _interpreted(made, len(offers)).worlds["court"]
        flipped = own["found"][:, 0] == 0
        prices[name] = own["bribes"][flipped].sum(axis=1).min()
        checks.append(exact(f"price of a verdict, {name}", told, prices[name]))
        checks.append(agreeing(f"flipped by offer, {name}", flipped, offers >= 1.5))
    ratio = prices["one, with appeals"] / prices["one arbiter"]
    checks.append(exact("how many times as dear appeals make it", 4, ratio))
    return checks


@row(55, "Griefing through escrow", "Buterin (2018); Asgaonkar & Krishnamachari (2019), IEEE ICBC")
def griefing(_: Run) -> list[Check]:
    """Who contests for spite harms at most so many times what it spends; and all is released."""
    carrying, checks = np.array([0, 0.01, 0.05, 0.2, 1.0]), []
    for factor in (0.5, 1, 4):
        law = Escrow(carrying=carrying, deadline=4, fee=0.25, griefing=factor)
        played = {
            conduct: _interpreted(
                Scenario(
                    MoralHazardMarket(),
                    {"seller": [Cooperator()], "buyer": [buyer]},
                    institutions=[law],
                    metrics=(),
                    rounds=20,
                ),
                len(carrying),
            ).points
            for conduct, buyer in (
                ("griefer", Cooperator(conduct=Griefer())),
                ("peace", Cooperator()),
            )
        }
        lost = played["peace"] - played["griefer"]
        ratio = lost[1:, 0] / lost[1:, 1]
        checks.append(at_most(f"harm by cost, declared factor {factor:g}", factor, ratio.max()))
        checks.append(exact(f"harm where delay is free, {factor:g}", 0, lost[0, 0]))
    law = Escrow(deadline=8, carrying=0.01, fee=0.25, strength={0: "enforced", 20: "off"})
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Cooperator()], "buyer": [Cooperator(conduct=Griefer())]},
        institutions=[law],
        metrics=(),
        rounds=21,
    )
    held = _interpreted(made).worlds["held"]
    checks.append(exact("held after it is withdrawn", 0, int(held.sum())))
    return checks
