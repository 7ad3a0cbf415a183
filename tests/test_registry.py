"""Third parties add to the package without touching it."""

from importlib.metadata import EntryPoint

import pytest

from posalign_sim import ConfigurationError, registry
from posalign_sim.institutions import Bond


@pytest.fixture
def offered(monkeypatch):
    def offer(group, name, value):
        point = EntryPoint(name, value, f"posalign_sim.{group}")
        monkeypatch.setattr(
            registry, "entry_points", lambda group: [point] if group == point.group else []
        )
        registry.known.cache_clear()

    yield offer
    registry.known.cache_clear()


def test_an_entry_point_is_known_by_its_name(offered):
    offered("institutions", "pledge", "posalign_sim.institutions.commitment:Bond")
    assert registry.find("institutions", "pledge") is Bond


def test_an_entry_point_of_the_wrong_sort_is_refused(offered):
    offered("institutions", "carbon", "posalign_sim.envs:RepeatedDilemma")
    with pytest.raises(ConfigurationError, match="is none"):
        registry.known("institutions")


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ConfigurationError, match="did you mean tit_for_tat"):
        registry.find("agents", "tit_for_tatt")


def test_kinds_of_things_are_not_listed_as_things():
    assert "institution" not in registry.known("institutions")
    assert "external" not in registry.known("agents")
