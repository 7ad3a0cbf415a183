"""Who bears a grudge, for what, for how long: by the moves against what is written."""

from posalign_sim.agents import (
    Davis,
    Doubler,
    EasyGo,
    FoolMeOnce,
    ForgetfulGrudger,
    Forgiver,
    ForgivingGrim,
    Grim,
    GrudgerAlternator,
    Grumpy,
    OppositeGrudger,
    Punisher,
    Retaliate,
    SoftGrudger,
)
from tests.agents.matches import check_answers, play


def test_answers_to_scripts():
    check_answers(
        [
            (ForgetfulGrudger(rounds=3), "CDCCCCDC", "CCDDDCCD"),
            # What happens while it punishes does not prolong it.
            (ForgetfulGrudger(rounds=3), "DDDCCC", "CDDDCC"),
            (ForgetfulGrudger(), "D" + "C" * 11, "C" + "D" * 10 + "C"),
            (SoftGrudger(), "CDCCCCCCDC", "CCDDDDCCCD"),
            (SoftGrudger(), "DDDDDDDDD", "CDDDDCCDD"),
            (SoftGrudger(after=2, punishment=3, penance=0), "DCDDCCCC", "CCCCDDDC"),
            (ForgivingGrim(), "CDDCCC", "CCDDCC"),
            (ForgivingGrim(penance=2), "CDCCC", "CCDDC"),
            (ForgivingGrim(penance=2), "CDCDCCC", "CCDDDDC"),
            (OppositeGrudger(), "DDCDD", "DDDCC"),
            (EasyGo(), "CCDCC", "DDDCC"),
            (Davis(rounds=3), "CDCCC", "CCCDD"),
            (GrudgerAlternator(), "CDCCCC", "CCDCDC"),
            (FoolMeOnce(), "DCDCC", "CCCDD"),
            # All of one round: 20 rounds more; a quarter: five more.
            (Punisher(), "D" + "C" * 22, "C" + "D" * 21 + "C"),
            (Punisher(), "CCCD" + "C" * 7, "CCCC" + "D" * 6 + "C"),
            # Once exploited, it exploits ten times.
            (Retaliate(), "D" + "C" * 12, "C" + "D" * 10 + "CC"),
            (Retaliate(limit=3), "DCCCCCCCC", "CDDDCDDDC"),
            (Grumpy(grumpy=1, nice=0), "DDDCCCCCC", "CCDDDDDCC"),
            (Forgiver(share=0.25), "CCCDDCC", "CCCCCDD"),
            (Doubler(), "CCCDDC", "CCCCCD"),
        ]
    )


def test_two_grudges_of_the_same_sort_never_begin():
    agents = [ForgetfulGrudger(), SoftGrudger(), ForgivingGrim(), Davis(), Punisher(), Retaliate()]
    for moves in play([(agent, Grim()) for agent in agents], 12):
        assert moves.done == ("C" * 12, "C" * 12)
