"""The ledger by hand: what an act does to a standing, who sees it, and what a new name costs."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, param, run_until, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Honest,
    Milker,
    Opportunist,
    Random,
)
from posalign_sim.envs import Bargaining, Commons, Crisis, Donor, MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Reputation
from posalign_sim.metrics import Honesty
from posalign_sim.testing import check_institution
from posalign_sim.world.norms import CASES, LEADING_EIGHT, NORMS, case_of, is_good, norm_of


class Script(Agent):
    """Defects, or cheats, in the rounds whose bit is set; buys in those whose bit is not."""

    acts: float = param(0, 0, 2**40)

    @staticmethod
    def move(p, i):
        return int(p.params[i, 0]) >> p.clock & 1

    @staticmethod
    def deliver(p, i):
        return int(p.params[i, 0]) >> p.clock & 1

    @staticmethod
    def pay(p, i):
        return 1 - (int(p.params[i, 0]) >> p.clock & 1)


def script(moves):
    return Script(acts=sum(2**k for k, move in enumerate(moves) if move == "D"))


def dilemma(one, other, *institutions, **more):
    made = Scenario(RepeatedDilemma(), [one, other], institutions=institutions, metrics=(), **more)
    return simulate(made, 1, mode="interpreted", history=[0])


def scores(run, identity=0):
    """Standings in the books after each round."""
    return run.history["reputation"]["score"][1:, 0, identity]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"weight": 1, "decay": 0}, [1, 0, 1, 0, 0]),
        ({"weight": 0.5, "decay": 0}, [1, 0.5, 0.75, 0.375, 0.1875]),
        # A breach halves it, then it regains a fifth of what it lacks.
        ({"weight": 0.5, "decay": 0.2}, [1, 0.6, 0.84, 0.536, 0.4144]),
        ({"weight": 1, "decay": 0.3}, [1, 0.3, 1, 0.3, 0.3]),
        ({"weight": 0, "decay": 0.3}, [1] * 5),
        ({"weight": 1, "decay": 1}, [1] * 5),
    ],
)
def test_a_standing_moves_as_written(terms, expected):
    run = dilemma(script("CDCDD"), Cooperator(), Reputation(**terms), rounds=5)
    assert scores(run) == pytest.approx(expected, abs=1e-12)
    assert (scores(run, 1) == 1).all()
    # What is shown in a round is what stood in the books at its beginning.
    shown = run.history["sight"]["standing"][:, 0, 0]
    assert shown[1:].tolist() == [1, *scores(run)[:-1]]


def test_who_acts_no_more_is_forgotten_by_and_by():
    # The seller cheats once; the buyer walks away ever after.
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [script("CDDDDD")]},
        institutions=[Reputation(weight=1, decay=0.25)],
        rounds=6,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted", history=[0])
    assert scores(run) == pytest.approx([1 - 0.75**k for k in range(1, 7)])
    # Walking away is no breach, nor any act that promises nothing.
    assert (scores(run, 1) == 1).all()


@pytest.mark.parametrize(
    ("norm", "avenger", "saint"),
    [
        # Image scoring: to defect is bad. Standing: not towards who is in bad standing.
        ("image_scoring", [1, 0, 1], [1, 1, 1]),
        ("simple_standing", [1, 1, 1], [1, 1, 1]),
        # Stern judging: it is good to defect on the bad, and bad not to.
        ("stern_judging", [1, 1, 0], [1, 0, 0]),
        # Shunning: who has to do with the bad is bad, whatever it does.
        ("shunning", [1, 0, 0], [1, 0, 0]),
    ],
)
def test_who_shuns_a_cheat_is_no_cheat_by_the_standing_rule(norm, avenger, saint):
    terms = {"weight": 1, "decay": 0}
    cheat = script("DDC")
    run = dilemma(script("CDC"), cheat, Reputation.of(norm, **terms), rounds=3)
    assert scores(run).tolist() == avenger
    # The cheat is bad after its first defection. The second was against who is in good standing.
    assert scores(run, 1)[:2].tolist() == [0, 0]
    run = dilemma(script("CCC"), cheat, Reputation.of(norm, **terms), rounds=3)
    assert scores(run).tolist() == saint


def test_the_first_to_defect_is_bad_by_any_rule():
    for norm, second in (("image_scoring", 0), ("simple_standing", 1), ("judging", 0)):
        run = dilemma(Defector(), Defector(), Reputation.of(norm, weight=1, decay=0), rounds=3)
        # Both at once: both were in good standing. From then on they may, by the standing rule.
        assert scores(run).tolist() == [0, second, 0]
        assert scores(run, 1).tolist() == [0, second, 0]


def test_every_bit_of_a_norm_decides_its_own_case():
    """A world for each norm of one bit, and for each that lacks one."""
    norms = np.concatenate([1 << np.arange(8), 255 - (1 << np.arange(8))])
    for k, (broken, actor_bad, partner_bad) in enumerate(np.ndindex(2, 2, 2)):
        made = Scenario(
            RepeatedDilemma(),
            [script("CD"[broken]), Cooperator()],
            institutions=[Reputation(norm=norms, weight=1, decay=0)],
            rounds=1,
            metrics=(),
        )
        ws = made.worlds(len(norms))
        ws["reputation"]["score"][:, :2] = 1 - actor_bad, 1 - partner_bad
        run_until(made, ws, 1, "interpreted")
        assert case_of(broken, actor_bad, partner_bad) == k
        assert (ws["reputation"]["score"][:, 0] == (norms >> k & 1)).all()


def test_a_promise_binds_towards_anybody():
    # A buyer who has a bad standing, were there such a thing, is owed what it was promised.
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [Cooperator()]},
        institutions=[Reputation(weight=1, decay=0)],
        rounds=2,
        metrics=(),
    )
    ws = made.worlds(1)
    ws["reputation"]["score"][:, 1] = 0
    run_until(made, ws, 2, "interpreted")
    assert ws["reputation"]["score"][0].tolist() == [0, 0]


def test_only_findings_count_where_proof_is_asked_for():
    ledger = Reputation(weight=0.5, decay=0, proof=1)
    run = dilemma(script("DDD"), Cooperator(), ledger, rounds=3)
    assert scores(run).tolist() == [1, 1, 1]
    sure = Arbitration(accuracy=1, false_finding=0)
    run = dilemma(script("DDC"), Cooperator(), sure, ledger, rounds=3)
    assert scores(run).tolist() == [0.5, 0.25, 0.25]
    assert (scores(run, 1) == 1).all()
    # In whichever order the two stand: findings are made before accounts are settled.
    run = dilemma(script("DDC"), Cooperator(), ledger, sure, rounds=3)
    assert scores(run).tolist() == [0.5, 0.25, 0.25]


@pytest.mark.parametrize("visibility", [0, 0.3, 1])
def test_a_record_is_seen_as_often_as_it_should_be(visibility):
    worlds, rounds = 100, 20
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [Honest()]},
        institutions=[Reputation(weight=1, decay=0, upkeep=0, visibility=visibility)],
        rounds=rounds + 1,
        metrics=(),
    )
    run = simulate(made, worlds, 3, mode="interpreted")
    # 4 points for every sale to a buyer who does not look; the first time nobody knows.
    seen = 1 - (run.points[:, 0] / 4 - 1) / rounds
    error = np.sqrt(visibility * (1 - visibility) / (worlds * rounds))
    assert abs(seen.mean() - visibility) <= 4 * error
    if 0 < visibility < 1:
        # Each round is a look of its own: worlds differ as binomial draws do.
        spread = seen.var(ddof=1) / (visibility * (1 - visibility) / rounds)
        assert abs(spread - 1) < 4 * np.sqrt(2 / worlds)


def test_the_ledger_burns_its_upkeep():
    run = dilemma(Cooperator(), Defector(), Reputation(upkeep=0.25), rounds=4)
    assert run.points[0].tolist() == [-1, 19]
    assert run.worlds["public"][0, 1] == 2_000_000


# --- norms ----------------------------------------------------------------------------------------


def test_the_leading_eight_agree_where_they_should():
    """Ohtsuki & Iwasa (2004): five cases alike, all ways of the three others."""
    alike = {(0, 0, 0): 1, (1, 0, 0): 0, (0, 1, 0): 1, (1, 1, 0): 0, (1, 0, 1): 1}
    free = [(0, 0, 1), (0, 1, 1), (1, 1, 1)]
    ways = set()
    for name in LEADING_EIGHT:
        judged = {case: is_good(NORMS[name], *case) for case in np.ndindex(2, 2, 2)}
        assert alike.items() <= judged.items()
        ways.add(tuple(judged[case] for case in free))
    assert len(ways) == len(LEADING_EIGHT) == 8
    # Leimar & Hammerstein (2001): by standing, who is bad and shuns the bad stays bad.
    assert [is_good(NORMS["standing"], 1, bad, 1) for bad in (0, 1)] == [1, 0]
    assert NORMS["stern_judging"] == norm_of("gbgb", "bgbg") == 0b10100101
    assert len(CASES) == 8 and CASES[6] == "the bad break it with the good"


def test_a_promise_is_judged_by_itself_whatever_the_norm():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [script("CCDD")], "buyer": [Cooperator()]},
        institutions=[Reputation(norm=np.arange(0, 256, 15), weight=1, decay=0)],
        rounds=4,
        metrics=(),
    )
    run = simulate(made, 18, mode="interpreted", history=range(18))
    assert (run.history["reputation"]["score"][1:, :, 0].T == [1, 1, 0, 0]).all()


@pytest.mark.parametrize("game", [RepeatedDilemma, MoralHazardMarket])
def test_an_error_of_assessment_turns_a_judgement_round(game):
    """One draw for an act, whoever looks: the books themselves are wrong as often as that."""
    worlds, rounds, error = 20, 40, 0.3
    seats = [Cooperator(), Defector()] if game is RepeatedDilemma else None
    made = Scenario(
        game(),
        seats or {"seller": [Defector()], "buyer": [Cooperator()]},
        institutions=[Reputation.of("image_scoring", weight=1, decay=0, assessment_error=error)],
        rounds=rounds,
        metrics=(),
    )
    run = simulate(made, worlds, 2, mode="interpreted", history=range(worlds))
    book = run.history["reputation"]["score"][1:, :, :2]
    right = [1, 0] if game is RepeatedDilemma else [0, 1]
    wrong = (book != right).mean((0, 1))
    spread = 4 * np.sqrt(error * (1 - error) / (worlds * rounds))
    assert abs(wrong[0] - error) < spread
    # Who promises nothing is judged for nothing.
    assert abs(wrong[1] - (error if game is RepeatedDilemma else 0)) < spread
    never, always = (
        simulate(
            made.replace(
                institutions=[
                    Reputation.of("image_scoring", weight=1, decay=0, assessment_error=certain)
                ]
            ),
            1,
            mode="interpreted",
        ).worlds["reputation"]["score"][0, :2]
        for certain in (0, 1)
    )
    assert never.tolist() == right
    assert always[0] == 1 - right[0]


# --- how the score is kept ------------------------------------------------------------------------


def test_beta_counts_by_hand():
    """Josang & Ismail (2002): (r + 1) / (r + s + 2), both forgotten by a share."""
    run = dilemma(script("CCDC"), Cooperator(), Reputation(beta=1, decay=0), rounds=4)
    assert scores(run) == pytest.approx([2 / 3, 3 / 4, 3 / 5, 4 / 6])
    run = dilemma(script("CD"), Cooperator(), Reputation(beta=1, decay=0.5, weight=2 / 3), rounds=2)
    # 2/3 fades to 1/3; then 2/3 bad are added, and both are halved.
    assert scores(run) == pytest.approx([(1 / 3 + 1) / (1 / 3 + 2), (1 / 6 + 1) / (0.5 + 2)])
    # A stranger stands half-way, which is not bad: it is dealt with, once.
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [Honest()]},
        institutions=[Reputation(beta=1, decay=0, upkeep=0)],
        rounds=4,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted", history=[0])
    assert run.history["sight"]["standing"][1, 0, 0] == 0.5
    assert run.points[0].tolist() == [4, 0]


def test_a_good_record_takes_longer_to_spoil_by_counts():
    for kept, spoilt in ((0, 1), (1, 2), (3, 4)):
        run = dilemma(
            script("C" * kept + "D" * spoilt), Cooperator(), Reputation(beta=1, decay=0), rounds=8
        )
        bad = scores(run) < 0.5
        assert np.flatnonzero(bad)[0] == kept + spoilt - 1


# --- how long a record lasts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        # A breach counts in full for so many rounds; then acts mend it,
        ({"length": 0, "decay": 0}, [0, 1, 1, 1, 1, 1]),
        ({"length": 1, "decay": 0}, [0, 1, 1, 1, 1, 1]),
        ({"length": 2, "decay": 0}, [0, 0, 1, 1, 1, 1]),
        ({"length": 4, "decay": 0}, [0, 0, 0, 0, 1, 1]),
        # or time does.
        ({"length": 3, "decay": 1}, [0, 0, 0, 1, 1, 1]),
        ({"length": 2, "decay": 0.5, "weight": 0.5}, [0.5, 0.5, 0.875, 0.96875, 0.9921875, None]),
        # A blacklist is for ever,
        ({"length": np.inf}, [0] * 6),
        # unless good conduct strikes it out.
        ({"length": np.inf, "expunge": 3}, [0, 0, 0, 1, 1, 1]),
        ({"length": np.inf, "expunge": 5, "decay": 1}, [0, 0, 0, 0, 0, 1]),
        ({"expunge": 1, "weight": 0.1, "decay": 0}, [0.9, 1, 1, 1, 1, 1]),
    ],
)
def test_how_long_a_breach_is_remembered(terms, expected):
    run = dilemma(script("DCCCCC"), Cooperator(), Reputation(**terms), rounds=6)
    for seen, due in zip(scores(run), expected, strict=True):
        assert due is None or seen == pytest.approx(due)
    assert (scores(run, 1) == 1).all()


def test_time_alone_is_no_good_conduct():
    # A seller whom nobody deals with cannot show that it has changed.
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [script("CDDDD")]},
        institutions=[Reputation(length=np.inf, expunge=2)],
        rounds=5,
        metrics=(),
    )
    assert simulate(made, 1, mode="interpreted").worlds["reputation"]["score"][0, 0] == 0
    honest = made.reseated([script("DCCCC"), Cooperator()])
    run = simulate(honest, 1, mode="interpreted", history=[0])
    assert scores(run).tolist() == [0, 0, 1, 1, 1]


def test_good_conduct_must_be_in_a_row_and_wipes_all_counts():
    book = Reputation(length=np.inf, expunge=2)
    run = dilemma(script("DCDCCD"), Cooperator(), book, rounds=6)
    assert scores(run).tolist() == [0, 0, 0, 0, 1, 0]
    counts = Reputation(beta=1, decay=0, length=np.inf, expunge=2)
    run = dilemma(script("CDCC"), Cooperator(), counts, rounds=4)
    # On a blacklist good acts do not count; struck out, those before it do.
    assert scores(run) == pytest.approx([2 / 3, 1 / 2, 1 / 2, 2 / 3])


def test_findings_are_remembered_as_long_and_struck_out_alike():
    sure = Arbitration(accuracy=1, false_finding=0)
    book = Reputation(proof=1, length=np.inf, expunge=2)
    run = dilemma(script("DCCC"), Cooperator(), sure, book, rounds=4)
    assert scores(run).tolist() == [0, 0, 1, 1]


# --- on every kind of game ------------------------------------------------------------------------

CELLS = {
    "dilemma": RepeatedDilemma(),
    "bargain": Bargaining.of("integrative", binding=0),
    "market": MoralHazardMarket(),
    "commons": Commons(),
    "crisis": Crisis(),
}


def cell(name, first, second, *institutions, worlds=1, **more):
    """Two seats of one game that may break their word, and whom they need besides."""
    game = CELLS[name]
    seats = [first, second]
    if len(game.roles) > 1:
        seats = {"seller": seats, "buyer": [Honest(), Honest()]}
    made = Scenario(game, seats, institutions=institutions, **{"rounds": 8, "metrics": (), **more})
    run = simulate(made, worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


@pytest.mark.parametrize("name", CELLS)
def test_everywhere_the_record_tells_who_kept_its_word(name):
    shown = {}
    for strength in ("off", "announced", "shuffled", "enforced"):
        book = Reputation(weight=1, decay=0, strength=strength)
        sight = cell(name, Cooperator(), Defector(), book).worlds["sight"]
        known, standing = sight["standing_known"][0, :2], sight["standing"][0, :2]
        shown[strength] = standing.tolist() if known.all() else None
    assert shown["enforced"] == [1, 0]
    assert shown["off"] is shown["announced"] is None
    # The placebo shows the record of one under the name of another.
    assert shown["shuffled"] == [0, 1]


@pytest.mark.parametrize("name", CELLS)
def test_everywhere_who_weighs_it_keeps_its_word_for_it(name):
    """Raising the visibility never raises cheating; where nobody looks, all cheat."""
    visibility = np.array([0, 0.05, 0.2, 0.5, 1])
    book = Reputation(weight=1, decay=0, visibility=visibility)
    run = cell(name, Milker(), Milker(), book, worlds=5, metrics=[Honesty()])
    honest = run.table()["honesty"].to_numpy()
    assert honest[0] == 0 and honest[-1] > 0.5
    assert (np.diff(honest) >= 0).all()


# --- on the contract ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "book",
    [
        Reputation.of("judging", assessment_error=0.2, beta=1, length=1, expunge=2),
        Reputation.of("staying", length=np.inf, expunge=2, visibility=0.6, proof=1),
    ],
    ids=["counts", "findings"],
)
def test_the_ledger_keeps_the_contract(book):
    trade = {
        "seller": [Opportunist(), Defector()],
        "buyer": [DiscriminatingBuyer(), Honest()],
    }
    scenarios = [
        Scenario(RepeatedDilemma(), [Random(), Honest(), Opportunist()], rounds=4),
        Scenario(MoralHazardMarket(), trade, institutions=[Arbitration()], rounds=4),
    ]
    check_institution(
        book, [s.replace(matching=Rematched(), metrics=()) for s in scenarios], worlds=2
    )


def test_norms_may_differ_between_worlds_and_bad_ones_are_refused():
    with pytest.raises(ConfigurationError, match=r"no norm is called 'stern'.*stern_judging"):
        Reputation.of("stern")
    with pytest.raises(ConfigurationError, match=r"reputation.norm = 256 is out of its range"):
        Reputation(norm=256)
    with pytest.raises(ConfigurationError, match=r"reputation.expunge = 0 is out of its range"):
        Reputation(expunge=0)
    # The game of giving and the ledger speak of the same norms.
    assert Donor.of("judging").values["norm"] == Reputation.of("judging").values["norm"]
