"""What a penalty is worth against limited assets, and who is judgment-proof."""

from __future__ import annotations

import math

import numpy as np
import pytest

from posalign_sim.theory import borne_penalty, deterring_assets


def test_a_penalty_bites_like_the_assets_that_there_are():
    for penalty, assets in ((10, 4), (4, 10), (5, 5)):
        assert borne_penalty(penalty, 1, assets) == min(penalty, assets)
        assert borne_penalty(penalty, 1, assets, passed_on=1) == penalty
    assert borne_penalty(10, 0.5, math.inf) == 5
    assert borne_penalty(10, 0.5, 4, passed_on=0.5) == 0.5 * (4 + 3)


def test_who_has_the_assets_is_deterred_and_nobody_else():
    rng = np.random.default_rng(7)
    for _ in range(200):
        gain, penalty, detection = rng.uniform(0.1, 5), rng.uniform(0, 30), rng.uniform(0.05, 1)
        least = deterring_assets(gain, penalty, detection)
        if math.isinf(least):
            assert detection * penalty < gain
            continue
        for assets, deterred in ((least * 1.001, True), (least * 0.999, False)):
            enough = borne_penalty(penalty, detection, assets) >= gain - 1e-12
            assert enough is deterred or penalty < least * 1.001


def test_limits():
    assert deterring_assets(0, 0, 0) == 0
    assert deterring_assets(1, 10, 0) == math.inf
    for call in (
        lambda: borne_penalty(-1, 0.5, 1),
        lambda: borne_penalty(1, 1.5, 1),
        lambda: borne_penalty(1, 0.5, -1),
        lambda: deterring_assets(-1, 1, 1),
    ):
        with pytest.raises(ValueError):
            call()
