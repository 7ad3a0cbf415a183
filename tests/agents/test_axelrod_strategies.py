"""Strategies of the Axelrod library's names make its moves: in every history, also after slips.

The library's players are led through what was done in our matches, and asked in each round; the
answers must be what ours chose. Those who act by chance are compared by their own tests.
"""

import numpy as np
import pytest

from posalign_sim import Tremble, agents
from posalign_sim.agents import LookupTable, Machine, MemoryN, MemoryOne
from tests.agents.matches import play

axelrod = pytest.importorskip("axelrod")

#: Our classes by their names in the library.
CLASSES = {
    "AdaptivePavlov": "APavlov2011",
    "AdaptiveTitForTat": "AdaptiveTitForTat",
    "CollectiveStrategy": "CollectiveStrategy",
    "ContriteTitForTat": "ContriteTitForTat",
    "Cooperator": "Cooperator",
    "Davis": "FirstByDavis",
    "Defector": "Defector",
    "Detective": "Detective",
    "Doubler": "Doubler",
    "EasyGo": "EasyGo",
    "FoolMeOnce": "FoolMeOnce",
    "ForgetfulGrudger": "ForgetfulGrudger",
    "Forgiver": "Forgiver",
    "ForgivingTitForTat": "ForgivingTitForTat",
    "GoByMajority": "GoByMajority",
    "GoByRecentMajority": "GoByMajority10",
    "Gradual": "Gradual",
    "GradualKiller": "GradualKiller",
    "Grim": "Grudger",
    "GrudgerAlternator": "GrudgerAlternator",
    "Grumpy": "Grumpy",
    "Handshake": "Handshake",
    "HardGoByMajority": "HardGoByMajority",
    "HardProber": "HardProber",
    "HardTitForTwoTats": "HardTitFor2Tats",
    "HardTitForTat": "HardTitForTat",
    "TitsForTats": "NTitsForMTats",
    "OmegaTitForTat": "OmegaTFT",
    "OppositeGrudger": "OppositeGrudger",
    "OriginalGradual": "OriginalGradual",
    "Prober": "Prober",
    "Prober2": "Prober2",
    "Prober3": "Prober3",
    "Punisher": "Punisher",
    "Retaliate": "Retaliate",
    "ShortMem": "ShortMem",
    "Shubik": "FirstByShubik",
    "SlowTitForTat": "SlowTitForTwoTats2",
    "SneakyTitForTat": "SneakyTitForTat",
    "SoftGrudger": "SoftGrudger",
    "SpitefulTitForTat": "SpitefulTitForTat",
    "SuspiciousTitForTat": "SuspiciousTitForTat",
    "GladsteinTester": "SecondByTester",
    "TitForTwoTats": "TitFor2Tats",
    "TitForTat": "TitForTat",
    "TwoTitsForTat": "TwoTitsForTat",
    "WinStayLoseShift": "WinStayLoseShift",
}
#: Variants by name.
NAMED = [
    (MemoryOne, "alternator", "Alternator"),
    (MemoryOne, "anti_tit_for_tat", "AntiTitForTat"),
    (MemoryOne, "bully", "Bully"),
    (MemoryOne, "win_shift_lose_stay", "WinShiftLoseStay"),
    (MemoryN, "all_or_none_2", "AON2"),
    (MemoryN, "capri", "Capri"),
    (MemoryN, "nydegger", "FirstByNydegger"),
    (LookupTable, "winner_12", "Winner12"),
    (LookupTable, "winner_21", "Winner21"),
    (LookupTable, "evolved_1_1_1", "EvolvedLookerUp1_1_1"),
    (LookupTable, "evolved_2_2_2", "EvolvedLookerUp2_2_2"),
    (Machine, "fortress_3", "Fortress3"),
    (Machine, "fortress_4", "Fortress4"),
    (Machine, "predator", "Predator"),
    (Machine, "pun1", "Pun1"),
    (Machine, "raider", "Raider"),
    (Machine, "ripoff", "Ripoff"),
    (Machine, "solution_b1", "SolutionB1"),
    (Machine, "solution_b5", "SolutionB5"),
    (Machine, "thumper", "Thumper"),
    (Machine, "usually_cooperates", "UsuallyCooperates"),
    (Machine, "usually_defects", "UsuallyDefects"),
    (Machine, "evolved_4", "EvolvedFSM4"),
    (Machine, "evolved_6", "EvolvedFSM6"),
    (Machine, "evolved_16", "EvolvedFSM16"),
    (Machine, "evolved_16_noise_05", "EvolvedFSM16Noise05"),
    (Machine, "tf1", "TF1"),
    (Machine, "tf2", "TF2"),
    (Machine, "tf3", "TF3"),
]
#: Numbers, and what the library calls them.
SET = [
    (agents.Davis(rounds=2), "SpitefulCC", {}),
    (agents.GoByRecentMajority(memory=5, hard=1), "HardGoByMajority5", {}),
    (agents.Grumpy(grumpy=2, nice=3), "Grumpy", {"grumpy_threshold": 2, "nice_threshold": -3}),
    (agents.TitsForTats(tits=2, tats=3), "NTitsForMTats", {"N": 2, "M": 3}),
    (
        agents.OmegaTitForTat(deadlock=2, randomness=5),
        "OmegaTFT",
        {"deadlock_threshold": 2, "randomness_threshold": 5},
    ),
    (agents.Retaliate(limit=20), "LimitedRetaliate", {}),
    (
        agents.SoftGrudger(after=2, punishment=3, penance=3),
        "GeneralSoftGrudger",
        {"n": 2, "d": 3, "c": 3},
    ),
    (Machine.cycle("CCD"), "CyclerCCD", {}),
]
#: Those who act by chance: memory-one, by their four probabilities and the first act.
CHANCES = {
    "firm_but_fair": "FirmButFair",
    "joss": "FirstByJoss",
    "soft_joss": "SoftJoss",
    "stochastic_cooperator": "StochasticCooperator",
    "stochastic_win_stay_lose_shift": "StochasticWSLS",
    "zd_extort_2": "ZDExtort2",
    "zd_extort_2_v2": "ZDExtort2v2",
    "zd_extort_3": "ZDExtort3",
    "zd_extort_4": "ZDExtort4",
    "zd_gen_2": "ZDGen2",
    "zd_gtft_2": "ZDGTFT2",
    "zd_mischief": "ZDMischief",
    "zd_set_2": "ZDSet2",
}


def twins():
    """Ours and theirs, of all who do not act by chance."""
    found = [(getattr(agents, ours)(), getattr(axelrod, name)) for ours, name in CLASSES.items()]
    found += [(spec.of(ours), getattr(axelrod, name)) for spec, ours, name in NAMED]
    return found + [
        (ours, lambda name=name, more=more: getattr(axelrod, name)(**more))
        for ours, name, more in SET
    ]


def told(player, done):
    """What a player of the library chooses in each round of a history."""
    other, chosen = axelrod.MockPlayer(), ""
    for own, theirs in zip(*done, strict=True):
        chosen += str(player.strategy(other))
        acts = [axelrod.Action.from_char(letter) for letter in (own, theirs)]
        player.history.append(*acts)
        other.history.append(*acts[::-1])
    return chosen


@pytest.mark.parametrize(
    ("noise", "rounds", "opponents"),
    [
        (0, 14, [agents.Defector(), Machine.cycle("CDDC")]),
        (0.1, 32, [agents.Random(cooperation=0.7), agents.TitForTat()]),
    ],
    ids=["as_chosen", "with_slips"],
)
def test_they_make_the_same_moves(noise, rounds, opponents):
    both = twins()
    pairs = [(ours, opponent) for ours, _ in both for opponent in opponents]
    slips = Tremble(probability=noise) if noise else ()
    seed = int(np.random.default_rng().integers(2**30))
    wrong = []
    for k, moves in enumerate(play(pairs, rounds, seed, noise=slips)):
        theirs = both[k // len(opponents)][1]()
        expected = told(theirs, moves.done)
        if moves.chosen[0] != expected:
            wrong.append(f"{theirs.name} would choose {expected}, not {moves.chosen[0]}")
    assert not wrong, "\n".join([f"seed {seed}", *wrong])
    assert len(both) >= 80


@pytest.mark.parametrize("name", CHANCES)
def test_who_acts_by_chance_has_the_same_probabilities(name):
    player = getattr(axelrod, CHANCES[name])()
    player.set_match_attributes(length=-1, game=axelrod.Game(), noise=0)
    ours = MemoryOne.of(name).values
    values = {str(own) + str(other): v for (own, other), v in player._four_vector.items()}
    for state, likely in values.items():
        assert ours[f"after_{state.lower()}"] == pytest.approx(likely)
    assert ours["first"] == (player._initial == axelrod.Action.C)
