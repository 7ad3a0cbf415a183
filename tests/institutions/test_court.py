"""The court by hand: who hears what, who is paid, and what becomes of cases nobody can judge."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Rematched,
    Scenario,
    simulate,
    start,
)
from posalign_sim.agents import (
    Bribable,
    Briber,
    Cooperator,
    Defector,
    Discloser,
    EvidenceReader,
    FairDivider,
    FrivolousLitigant,
    Honest,
    Opportunist,
    TitForTat,
)
from posalign_sim.envs import Bargaining, Commons, Crisis, MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Court
from posalign_sim.institutions.court_rules import majority
from posalign_sim.testing import (
    check_books,
    check_institution,
    check_legality,
    check_privacy,
    check_relabelling,
    check_scenario,
    check_strengths,
)
from posalign_sim.theory import evidence_accuracy
from posalign_sim.world.conduct import drop
from posalign_sim.world.modules import Conduct, Institution
from posalign_sim.world.record import face, seats

POINT = 1_000_000
TERMS = {"quality": 1, "exhibits": 3, "refund": 1, "damages": 1, "fine": 0.5, "fee": 0.25}


class Always(Conduct):
    """Takes up everything."""

    @staticmethod
    def take_up(p, i):
        return 1


class Sues(Conduct):
    """Files whatever it can, and leaves it at that."""

    @staticmethod
    def take_up(p, i):
        return 0

    @staticmethod
    def file(p, i):
        return 1


class Silent(Conduct):
    """Files whatever it can, and shows no evidence."""

    @staticmethod
    def take_up(p, i):
        return 1

    @staticmethod
    def testify(p, i):
        return 0


class Absent(Agent):
    """Recuses itself from everything."""

    @staticmethod
    def preside(p, i):
        return 0

    @staticmethod
    def rule(p, i):
        return 1, 0


class Convicts(Agent):
    """Finds against everybody, and takes what it is offered for that."""

    @staticmethod
    def rule(p, i):
        return 1, 1


class Acquits(Agent):
    """Lets everybody go."""

    @staticmethod
    def rule(p, i):
        return 0, 0


def trial(first, second, *judges, rounds=1, before=(), **terms):
    return Scenario(
        RepeatedDilemma(),
        [first, second],
        institutions=[*before, Court(**{**TERMS, **terms})],
        officials={"arbiter": judges} if judges else None,
        rounds=rounds,
        metrics=(),
        events=200,
    )


def tried(*agents, **more):
    run = simulate(trial(*agents, **more), mode="interpreted", progress=False)
    assert not run.worlds["held"].any() and not run.worlds["fault"].any()
    return run, run.worlds["court"][0]


def test_a_finding_to_the_minor_unit():
    run, own = tried(Cooperator(), Defector(), EvidenceReader())
    # The refund is what relying has cost, 3; the fine is the treasury's, the fee the arbiter's.
    assert run.points[0].tolist() == [0 - 0.25 + 3 + 1, 5 - 3 - 1 - 0.5, 0.25]
    assert run.worlds["public"][0].tolist() == [-5 * POINT, 0, 0, POINT // 2]
    assert own["disputes"][:2].tolist() == [1, 0] and own["found"][:2].tolist() == [1, 0]
    finding = run.worlds["findings"][0][0]
    assert (finding["finder"], finding["accused"], finding["victim"]) == (2, 1, 0)
    assert (finding["breach"], finding["certainty"], run.worlds["finding_count"][0]) == (1, 1, 1)
    assert own["votes"][2] == 1 and own["right"][2] == 1
    assert run.worlds["sight"]["sanction"][0, :2].tolist() == [0, 4.5]


def test_a_dismissal_costs_the_fee_and_is_on_record():
    run, own = tried(Cooperator(), Cooperator(conduct=Always()), EvidenceReader())
    assert run.points[0].tolist() == [3, 3 - 0.25, 0.25]
    assert own["disputes"].sum() == 1 and own["found"].sum() == 0
    assert run.worlds["findings"][0][0]["breach"] == 0
    assert run.worlds["interactions"][0]["judged"].sum() == 0


def test_the_loser_makes_good_the_fee():
    run, _ = tried(Cooperator(), Defector(), EvidenceReader(), shifting=1)
    assert run.points[0].tolist() == [4, 5 - 4.5 - 0.25, 0.25]


def test_a_fee_is_shared_among_a_jury_to_the_last_unit():
    run, own = tried(Cooperator(), Defector(), EvidenceReader(), Convicts(), Acquits(), jury=3)
    assert run.worlds["balance"][0, 2:5].sum() == POINT // 4
    assert sorted(run.worlds["balance"][0, 2:5].tolist()) == [83_333, 83_333, 83_334]
    # Two of three have found; the finder is one of them.
    assert own["found"][0] == 1 and own["votes"][2:5].tolist() == [1, 1, 1]
    assert own["right"][2:5].tolist() == [1, 1, 0]
    assert run.worlds["findings"][0][0]["finder"] in (2, 3)


@pytest.mark.parametrize(
    ("judges", "found"), [((Convicts, Acquits), 0), ((Convicts, Convicts, Acquits), 1)]
)
def test_the_majority_decides_and_a_tie_dismisses(judges, found):
    # A jury is as large as it can be.
    _, own = tried(Cooperator(), Defector(), *(j() for j in judges), jury=7)
    assert own["found"][0] == found


def test_without_an_arbiter_cases_lapse_and_fees_go_back():
    for judges in ((), (Absent(), Absent())):
        run, own = tried(Cooperator(), Defector(), *judges, rounds=3)
        assert run.points[0].tolist() == [0, 15] + [0] * len(judges)
        assert own["lapsed"][:2].tolist() == [3, 0] and own["disputes"][0] == 3
        assert not own["found"].any() and run.worlds["finding_count"][0] == 0


def test_one_arbiter_hears_all_cases_of_a_round_one_after_the_other():
    run, own = tried(Defector(), Defector(), EvidenceReader(), rounds=4)
    # Two defectors have paid nothing for each other's acts: damages go back and forth.
    assert own["found"][:2].tolist() == [4, 4] and own["votes"][2] == 8
    assert run.points[0].tolist() == [4 * (1 - 0.25 - 0.5)] * 2 + [8 * 0.25]


def test_what_parties_and_arbiters_are_told():
    made = trial(Cooperator(), Defector(), EvidenceReader(), quality=0.7, exhibits=5)
    session = start(made, 40, external=[0, 1, 2], mode="interpreted")
    names = [f.name for f in session.features]
    sides = {"testify": [], "rule": []}
    held = {}
    while session.count:
        choices = []
        for row in range(session.count):
            asked = session.points[session.decision[row]].decision.name
            seen = dict(zip(names, session.observations[row].tolist(), strict=True))
            seat, world = int(session.seat[row]), int(session.world[row])
            if asked == "testify":
                assert seen["case_side"] == seat + 1
                assert seen[f"pieces_against_{seat}"] + seen[f"pieces_for_{seat}"] == 5
                assert seen[f"pieces_against_{1 - seat}"] == seen[f"pieces_for_{1 - seat}"] == 0
                held[world, seat] = seen[f"pieces_against_{seat}"], seen[f"pieces_for_{seat}"]
                sides["testify"].append(seat)
            if asked == "rule":
                assert seen["case_side"] == 3 and seen["case_worth"] == 4
                assert seen["case_paid"] == 3 and seen["pieces_held"] == 5
                # Who complains has disclosed all, the accused submitted what favours it.
                assert (seen["pieces_against_0"], seen["pieces_for_0"]) == held[world, 0]
                assert (seen["pieces_against_1"], seen["pieces_for_1"]) == (0, held[world, 1][1])
                assert (seen["bribe_offered_0"], seen["bribe_offered_1"]) == (0, 1.5)
                sides["rule"].append(seat)
            choices.append(
                {
                    "move": seat,
                    "file": 1 - seat,
                    "testify": 2 - seat,
                    "bribe": seat,
                    "preside": 1,
                }.get(asked, 0)
            )
        arguments = np.where(np.array(choices)[:, None] == 1, 150, 0)
        if session.points[session.decision[0]].decision.name == "rule":
            arguments[:] = 0
        session.advance(choices, arguments)
    assert len(sides["testify"]) >= 80 and set(sides["rule"]) == {2}
    assert not session.worlds["sight"]["case_side"].any()


def test_evidence_is_as_good_as_it_is_said_to_be():
    made = trial(Cooperator(), Defector(), EvidenceReader(), quality=0.8, exhibits=8)
    ws = simulate(made, 100, mode="interpreted", progress=False).worlds["court"]
    says_breach = ws["evidence"][:, 0]
    mean = says_breach.mean() / 8
    assert abs(mean - 0.8) < 4 * np.sqrt(0.8 * 0.2 / (100 * 16))
    # What both sides find is independent.
    assert abs(np.corrcoef(says_breach.T)[0, 1]) < 4 / 10


@pytest.mark.parametrize("quality", [0.5, 0.7, 0.95, 1])
@pytest.mark.parametrize("pieces", [0, 1, 6, 9, 64])
def test_what_is_announced_is_what_evidence_proves(quality, pieces):
    right, tie = evidence_accuracy(quality, pieces)
    assert majority(quality, pieces) == pytest.approx(right, abs=1e-12)
    assert majority(1 - quality, pieces) == pytest.approx(1 - right - tie, abs=1e-12)


def test_an_innocent_who_is_found_a_cheat_appeals_and_gets_its_due():
    # The one arbiter at first is a fool; of the three on appeal two read the evidence.
    made = trial(
        Cooperator(),
        Cooperator(conduct=Sues()),
        Convicts(),
        EvidenceReader(),
        EvidenceReader(),
        appeal_fee=0.6,
        appeal_jury=3,
    )
    ws = simulate(made, 40, mode="interpreted", progress=False).worlds
    own = ws["court"]
    appealed = own["appeals"][:, 1] == 1
    assert 0 < appealed.sum() < 40
    assert (own["reversals"][:, 1] == appealed).all() and not own["found"].any()
    # Its appeal fee is lost, and shared by the three; nobody paid anything else but the fee.
    paid = np.where(appealed, 0.6, 0)
    assert (ws["balance"][:, 0] == np.rint((3 - paid) * POINT)).all()
    assert (ws["balance"][:, 1] == 2.75 * POINT).all()
    assert (ws["balance"][:, 2:5].sum(axis=1) == np.rint((0.25 + paid) * POINT)).all()
    assert not ws["held"].any()


def test_a_case_is_appealed_once():
    made = trial(
        Cooperator(), Cooperator(conduct=Always()), Convicts(), appeal_fee=0.1, appeal_jury=1
    )
    run = simulate(made, mode="interpreted", progress=False)
    own = run.worlds["court"][0]
    assert own["appeals"].sum() == 1 and own["reversals"].sum() == 0 and own["votes"][2] == 2
    assert own["wrongful"][1] == 1
    assert run.worlds["finding_count"][0] == 1


def test_a_bribe_is_paid_for_the_vote_that_it_buys():
    run, own = tried(Cooperator(), Defector(conduct=Briber(offer=2)), Bribable(price=2))
    assert run.points[0].tolist() == [-0.25, 5 - 2, 0.25 + 2]
    assert own["bribes"][2] == 2 and own["found"].sum() == 0 and own["right"][2] == 0
    # Below its price, or before an arbiter who takes none, it buys nothing and costs nothing.
    for judge, offer in ((Bribable(price=2.01), 2), (EvidenceReader(), 2), (Bribable(price=2), 0)):
        run, own = tried(Cooperator(), Defector(conduct=Briber(offer=offer)), judge)
        assert run.points[0].tolist() == [3.75, 0.5, 0.25] and own["bribes"][2] == 0
    # Nobody pays more than the case is worth to it; an arbiter who finds anyway takes it gladly.
    run, own = tried(Cooperator(), Defector(conduct=Briber(offer=4.01)), Bribable(price=2))
    assert own["bribes"][2] == 0
    run, own = tried(Cooperator(conduct=Briber(offer=1, side=1)), Defector(), Convicts())
    assert run.points[0].tolist() == [3.75 - 1, 0.5, 1.25] and own["bribes"][2] == 1


def test_silence_is_read_for_what_it_is():
    # Who complains without evidence loses before a sceptic; a draw is no proof to the trusting.
    for scepticism in (0, 1):
        reader = EvidenceReader(scepticism=scepticism)
        _, own = tried(Cooperator(conduct=Silent()), Defector(conduct=Silent()), reader)
        assert own["found"].sum() == 0 and own["unheard"].sum() == 2
    # An accused who says nothing where its evidence would clear it is taken to have none.
    guilty = {"quality": 0.9, "exhibits": 3}
    _, own = tried(Cooperator(), Defector(conduct=Silent()), EvidenceReader(), **guilty)
    assert own["found"][0] == 1


def test_a_party_that_drops_its_identity_answers_to_the_end_of_the_round():
    class Flight(Institution):
        """Everybody takes a new identity in the middle of each round."""

        @staticmethod
        def agree(w, own):
            for i in seats(w):
                drop(w, face(w, i))

    plain, _ = tried(Cooperator(), Defector(), EvidenceReader(), rounds=2)
    run, own = tried(Cooperator(), Defector(), EvidenceReader(), rounds=2, before=[Flight()])
    assert run.points.tolist() == plain.points.tolist()
    assert own["found"][0] == 2 and (run.worlds["generation"][0, :2] == 2).all()


def test_what_a_bankrupt_party_cannot_pay_stays_unpaid():
    class Limited(Institution):
        """Nobody answers with more than it has."""

        @staticmethod
        def meet(w, own):
            for m in range(w.identities):
                w.least_balance[m] = 0.0

    run, own = tried(
        Cooperator(), Defector(), EvidenceReader(), before=[Limited()], damages=100, refund=0
    )
    assert run.points[0].tolist() == [5 - 0.25, 0, 0.25]
    assert run.worlds["unpaid"][0, 1] == round(95.5 * POINT) and own["found"][0] == 1
    assert run.worlds["balance"].sum() + run.worlds["public"].sum() == 0


def test_who_is_made_to_answer_for_another_may_be_who_complains():
    # Of two the placebo accuses the victim itself: it is heard once, and pays itself.
    run, own = tried(Cooperator(), Defector(), EvidenceReader(), strength="shuffled")
    assert own["wrongful"][0] == 1
    assert run.points[0].tolist() == [-0.25 - 0.5, 5, 0.25]


def stack(game, players, **more):
    terms = {**TERMS, "quality": 0.75, "damages": 200, "fine": 0, **more}
    return Scenario(
        game,
        players,
        institutions=[Court(**terms)],
        officials={"arbiter": [EvidenceReader(), Bribable(), EvidenceReader()]},
        rounds=2,
    )


def games():
    calculating = Opportunist(explore=0, learning=0, patience=0)
    return [
        pytest.param(RepeatedDilemma(), [calculating, Cooperator()], id="dilemma"),
        pytest.param(
            Bargaining.of("integrative", binding=0), [calculating, FairDivider()], id="bargain"
        ),
        pytest.param(
            MoralHazardMarket(), {"seller": [calculating], "buyer": [Cooperator()]}, id="market"
        ),
        pytest.param(Commons(), [calculating, Cooperator()], id="commons"),
        pytest.param(Crisis(), [calculating, Cooperator()], id="crisis"),
    ]


@pytest.mark.parametrize(("game", "players"), games())
def test_in_every_game_it_holds_its_contract_and_deters(game, players):
    made = stack(game, players, jury=2, appeal_fee=0.5)
    check_scenario(made, worlds=2)
    honest = {}
    for strength in ("off", "enforced"):
        run = simulate(stack(game, players, strength=strength), mode="interpreted", progress=False)
        honest[strength] = run.table()["honesty"][0]
    assert honest["off"] < honest["enforced"] == 1
    # Made to pay: who does the opposite of what pays is found out by evidence that cannot lie.
    contrary = Opportunist(explore=1, learning=0, patience=0)
    perverse = [contrary if type(a) is Opportunist else a for a in made.players]
    sure = stack(game, players, quality=1).reseated([*perverse, *made.officials])
    run = simulate(sure.replace(rounds=1), mode="interpreted", progress=False)
    assert run.worlds["court"]["found"].sum() == 1
    assert run.worlds["sight"]["sanction"][0].max() >= 200


def test_it_passes_the_acceptance_test():
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(), Honest()], "buyer": [Cooperator(), Cooperator()]},
        rounds=2,
        metrics=(),
        matching=Rematched(),
    )
    dilemma = Scenario(RepeatedDilemma(), [TitForTat(), Defector()], rounds=3, metrics=())
    check_institution(Court(damages=1), [dilemma, market], worlds=2)


def test_it_holds_its_contract_with_many_seats_identities_and_arbiters():
    made = Scenario(
        RepeatedDilemma(),
        [
            Cooperator(conduct=FrivolousLitigant()),
            Defector(conduct=Briber()),
            Defector(conduct=Discloser()),
            TitForTat(conduct=Always()),
        ],
        institutions=[Court(damages=3, jury=2, appeal_fee=0.2, fee=0.05)],
        officials={"arbiter": [EvidenceReader(), Bribable(), Convicts()]},
        matching=Rematched(),
        rounds=2,
        faces=2,
        memory="pairs",
    )
    check_scenario(made, worlds=2)
    shuffled = made.replace(institutions=[Court(damages=3, strength="shuffled")])
    for check in (check_books, check_legality, check_privacy, check_relabelling):
        check(shuffled, worlds=2)
    # Two courts ask the same questions.
    check_strengths(Court("second"), made.replace(rounds=3, faces=1), worlds=2)


def test_mistakes_are_refused():
    with pytest.raises(ConfigurationError, match=r"quality"):
        Court(quality=0.4)
    with pytest.raises(ConfigurationError, match=r"jury"):
        Court(jury=0)
    with pytest.raises(ConfigurationError, match=r"cannot decide court\.rule"):
        trial(Cooperator(), Defector(), Cooperator())
    with pytest.raises(ConfigurationError, match=r"no institution has an office 'judge'"):
        trial(Cooperator(), Defector()).replace(officials={"judge": [EvidenceReader()]})
