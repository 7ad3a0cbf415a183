"""Limits hold: calls exactly, tokens and money up to what is under way."""

import asyncio

import pytest

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import Budget, ChatError, FailureKind, Fake, Price, Spent
from tests.agents.llm.asking import ask, outcome


def spend(budget, calls, at_once):
    """Ask so often, so many at once."""

    async def go():
        gate = asyncio.Semaphore(at_once)

        async def one(world):
            async with gate:
                return await outcome(budget, ask(world=world))

        return await asyncio.gather(*(one(world) for world in range(calls)))

    return asyncio.run(go())


def test_calls_are_never_more_than_allowed_however_many_ask_at_once():
    budget = Budget(Fake(delay=0.001), calls=30)
    said = spend(budget, 100, 64)
    refused = [one for one in said if isinstance(one, ChatError)]
    assert len(refused) == 70
    assert {one.kind for one in refused} == {FailureKind.OVER_BUDGET}
    assert not any(one.again for one in refused)
    assert budget.spent().calls == 30
    assert budget.spent().refused == 70


@pytest.mark.parametrize("at_once", [1, 16])
def test_tokens_and_money_exceed_their_limit_at_most_by_what_was_under_way(at_once):
    each = spend(Budget(Fake()), 1, 1)[0]
    tokens = each.tokens_in + each.tokens_out
    price = Price(2_000_000, 1_000_000)  # 2 for a token read, 1 for one written
    cost = 2 * each.tokens_in + each.tokens_out
    for limits in ({"tokens": 20 * tokens}, {"money": 20 * cost, "prices": {"small": price}}):
        budget = Budget(Fake(delay=0.0005), **limits)
        said = spend(budget, 100, at_once)
        answered = sum(not isinstance(one, ChatError) for one in said)
        assert 20 <= answered <= 20 + at_once - 1
        spent = budget.spent()
        assert spent.tokens_in + spent.tokens_out == answered * tokens
        assert spent.under_way == 0
        if "money" in limits:
            assert spent.money == pytest.approx(answered * cost)


def test_what_failures_took_is_spent_too():
    budget = Budget(Fake(failing={"cut_off": 1.0}), prices={"small": Price(1_000_000, 0)})
    (failure,) = spend(budget, 1, 1)
    assert failure.kind == FailureKind.CUT_OFF
    assert budget.spent().tokens_in == budget.spent().money == failure.tokens_in > 0


def test_money_needs_prices_and_without_a_limit_none_is_needed():
    with pytest.raises(ConfigurationError, match="no price for small"):
        spend(Budget(Fake(), money=1, prices={"large": Price(1, 1)}), 1, 1)
    assert spend(Budget(Fake(), calls=1), 1, 1)[0].text
    with pytest.raises(ConfigurationError, match="prices must be"):
        Price(-1, 0)
    with pytest.raises(ConfigurationError, match="money must be"):
        Budget(Fake(), money=float("nan"))


def test_a_later_part_goes_on_with_what_an_earlier_part_left():
    earlier = Budget(Fake(), calls=10)
    spend(earlier, 6, 1)
    later = Budget(Fake(), calls=10, before=earlier.spent())
    spend(later, 6, 1)
    assert (later.spent().calls, later.spent().refused) == (10, 2)
    assert Budget(Fake()).spent() == Spent()


def test_who_is_cancelled_is_no_longer_under_way():
    async def go():
        budget = Budget(Fake(delay=60), calls=5)
        task = asyncio.create_task(budget.complete(ask()))
        await asyncio.sleep(0)
        assert budget.spent().under_way == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert budget.spent().under_way == 0

    asyncio.run(go())
