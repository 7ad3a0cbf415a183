"""What was answered once is played: the same bytes, from nowhere, or not at all."""

import asyncio
import socket
import sqlite3
import time
from collections import Counter
from dataclasses import replace

import pytest

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import (
    Budget,
    Cassette,
    ChatReply,
    Direct,
    FailureKind,
    Fake,
    Scripted,
)
from tests.agents.llm.asking import ask, outcome
from tests.agents.llm.server import serving
from tests.agents.llm.taping import Counting, through, told

FAILING = {"timeout": 0.1, "refused": 0.1, "wrong_model": 0.1}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.cassette"


def test_a_replay_gives_the_same_failures_included_and_opens_no_connection(path, monkeypatch):
    faults = ["", "limit", "refusal", "length", "cut", "wrong_model"]
    requests = [ask(f"prompt {n} \u4f60", n) for n in range(60)]

    async def record():
        async with serving() as server:
            server.choose = lambda prompt: faults[int(prompt.split()[1]) % len(faults)]
            backend = Direct(server.url, tries=2, first_wait=0.001)
            tape = Cassette(path, backend)
            try:
                return [
                    told(one)
                    for one in await asyncio.gather(*(outcome(tape, one) for one in requests))
                ]
            finally:
                await tape.close()

    async def replay():
        tape = Cassette(path, mode="replay")
        said = await asyncio.gather(*(outcome(tape, one) for one in requests))
        await tape.close()
        return [told(one) for one in said]

    first = asyncio.run(record())
    assert sum(isinstance(one, ChatReply) for one in first) == 10
    # The loop needs sockets of its own to wake up: it is made first.
    with asyncio.Runner() as runner:
        runner.get_loop()

        def blocked(*_, **__):
            raise AssertionError("somebody opens a connection")

        for name in ("socket", "create_connection", "getaddrinfo"):
            monkeypatch.setattr(socket, name, blocked)
        again = runner.run(replay())
    monkeypatch.undo()
    assert repr(again) == repr(first)


def test_replicates_and_attempts_never_share_an_answer(path):
    counting = Counting(Fake())
    requests = [ask(world=world, attempt=attempt) for world in range(20) for attempt in (0, 1)]
    first = through(path, counting, requests)
    assert len(counting.calls) == 40
    assert len({one.text for one in first}) > 1


def test_what_is_recorded_is_not_asked_again_but_failures_are_unless_they_are_its_own(path):
    requests = [ask(world=world) for world in range(100)]
    first = through(path, Fake(failing=FAILING), requests)
    kinds = Counter(one["kind"] for one in first if isinstance(one, dict))
    assert all(kinds[kind] for kind in FAILING)
    counting = Counting(Fake())
    second = through(path, counting, requests)
    assert sum(counting.calls.values()) == kinds["timeout"] + kinds["wrong_model"]
    for before, now in zip(first, second, strict=True):
        passing = isinstance(before, dict) and before["kind"] != "refused"
        assert isinstance(now, ChatReply) if passing else now == before
    assert through(path, None, requests, "replay") == second


def test_refresh_asks_anew_and_off_leaves_the_file_alone(path):
    requests = [ask(world=world) for world in range(30)]
    first = through(path, Fake(), requests)
    assert through(path, Fake(seed=1), requests, "off") != first
    assert through(path, None, requests, "replay") == first
    fresh = through(path, Fake(seed=1), requests, "refresh")
    assert fresh != first
    assert through(path, None, requests, "replay") == fresh


def test_what_is_not_recorded_fails_and_says_where_and_what_differs(path):
    there = ask("Choices: a, b, c", world=3, study="bonds/market")
    through(path, Fake(), [there])
    place = replace(there.place, round=2)
    cases = [
        (replace(there, model="other"), 'model "small", not "other"'),
        (replace(there, temperature=0.5), "temperature null, not 0.5"),
        (ask("Choices: a, x", 3, study="bonds/market"), "'b, c', not 'x', at character 12"),
        (replace(there, messages=there.messages * 2), "1 messages, not 2"),
        (replace(there, place=place), "round 1, not round 2"),
        (replace(there, place=replace(place, world=4)), "world 3, not world 4"),
        (replace(there, place=replace(place, study="taxes")), "of this study nothing is recorded"),
    ]
    for request, said in cases:
        (failure,) = through(path, None, [request], "replay")
        assert failure["kind"] == FailureKind.NOT_RECORDED
        assert said in failure["detail"]
        assert str(request.place) in failure["detail"]


@pytest.mark.parametrize("kind", ["no_key", "no_credit"])
def test_an_account_that_is_filled_up_is_as_good_as_new(path, kind):
    (failure,) = through(path, Fake(failing={kind: 1.0}), [ask()])
    assert failure["kind"] == kind
    assert through(path, None, [ask()], "replay")[0]["kind"] == "not_recorded"
    assert isinstance(through(path, Fake(), [ask()])[0], ChatReply)


def test_what_comes_after_the_end_is_no_answer_and_is_not_lost_in_silence(path):
    async def go():
        tape = Cassette(path, Fake(delay=0.05))
        late = asyncio.create_task(tape.complete(ask()))
        await asyncio.sleep(0)
        await tape.close()
        with pytest.raises(OSError, match="too late"):
            await late
        with pytest.raises(OSError, match="is closed"):
            await tape.complete(ask())

    asyncio.run(go())


def test_what_is_about_the_user_is_not_recorded(path):
    requests = [ask(world=world) for world in range(5)]
    first = through(path, Budget(Fake(), calls=2), requests)
    assert sum(isinstance(one, ChatReply) for one in first) == 2
    # With more to spend, the same study goes on, and pays only for what is missing.
    budget = Budget(Fake(), calls=3)
    assert all(isinstance(one, ChatReply) for one in through(path, budget, requests))
    assert budget.spent().calls == 3


@pytest.mark.parametrize("mode", ["record", "refresh", "replay"])
def test_a_file_that_is_none_or_only_a_part_is_refused_on_one_line(path, mode, tmp_path):
    def refused(where, said):
        with pytest.raises(ConfigurationError, match=said) as caught:
            Cassette(where, Fake(), mode)
        assert "\n" not in str(caught.value)

    through(path, Fake(), [ask("Choices: " + "a" * 3000, world) for world in range(20)])
    whole = path.read_bytes()
    for size in (60, 5000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        refused(path, "only a part of a cassette")
    path.write_text("no cassette at all")
    refused(path, "is not a cassette")
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE things (name TEXT)")
    other.close()
    before = path.read_bytes()
    refused(path, "is not a cassette")
    assert path.read_bytes() == before
    refused(tmp_path / "no_folder" / "study.cassette", "no_folder")
    refused(tmp_path, "directory")


def test_a_file_that_is_damaged_inside_is_said_to_be(path):
    requests = [ask("Choices: " + "a" * 3000, world) for world in range(20)]
    through(path, Fake(), requests)
    whole = bytearray(path.read_bytes())
    whole[8192:] = b"\xff" * (len(whole) - 8192)
    path.write_bytes(whole)
    with pytest.raises(ConfigurationError, match="cannot be read as a cassette"):
        through(path, None, requests, "replay")


def test_modes_that_cannot_be_are_refused(path):
    with pytest.raises(ConfigurationError, match="did you mean replay"):
        Cassette(path, Fake(), "repaly")
    with pytest.raises(ConfigurationError, match="needs a backend"):
        Cassette(path)
    with pytest.raises(ConfigurationError, match="there is no"):
        Cassette(path, mode="replay")


def test_who_is_cancelled_after_the_answer_has_paid_for_something(path):
    """What was answered is written, though nobody waits for it any more."""

    async def go():
        tape = Cassette(path, Fake())
        task = asyncio.create_task(tape.complete(ask()))
        await asyncio.sleep(0)  # it has been answered, and waits for the disk
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await tape.close()
        return task.cancelled()

    assert asyncio.run(go())
    assert isinstance(through(path, None, [ask()], "replay")[0], ChatReply)


def test_a_model_that_changes_within_a_study_is_reported(path):
    class Changing(Scripted):
        """Another version from world 5 on; and no study but one that it changes in."""

        async def complete(self, request):
            reply = await super().complete(request)
            late = request.place.world >= 5 and request.place.study != "calm/arm"
            return replace(reply, model="small-2" if late else "small-1", fingerprint=f"fp{late}")

    parts = ("bonds/none", "bonds/bond", "calm/arm")
    requests = [ask(world=world, study=study) for study in parts for world in range(8)]

    async def go():
        tape = Cassette(path, Changing(lambda prompt: "yes"))
        for request in requests:
            await tape.complete(request)
        changes = tape.changes()
        await tape.close()
        return changes

    (change,) = asyncio.run(go())
    assert (change.study, change.asked) == ("bonds", "small")
    served = [(one.model, one.fingerprint, one.calls, one.parts) for one in change.served]
    both = ("bonds/bond", "bonds/none")
    assert served == [("small-1", "fpFalse", 10, both), ("small-2", "fpTrue", 6, both)]


def test_replay_budget_and_stand_in_take_less_than_a_millisecond_a_call(path):
    requests = [ask(f"{'words ' * 300} {world} Choices: a, b", world) for world in range(1000)]
    through(path, Budget(Fake(), tokens=10**9), requests)

    async def go():
        tape = Cassette(path, mode="replay")
        budget = Budget(tape, calls=10**6)
        began = time.process_time()
        for request in requests:
            await budget.complete(request)
        took = time.process_time() - began
        await tape.close()
        return took / len(requests)

    assert asyncio.run(go()) < 0.001


def test_answers_of_earlier_cassettes_are_taken_over_and_not_paid_for_twice(tmp_path):
    first, second = tmp_path / "first.cassette", tmp_path / "second.cassette"

    async def go():
        earlier = Cassette(first, Fake())
        heard = [await earlier.complete(ask(world=world)) for world in range(3)]
        await earlier.close()
        budget = Budget(Fake(seed=1), calls=1)  # another stand-in: its answers would differ
        later = Cassette(second, budget, earlier=[first])
        again = [await later.complete(ask(world=world)) for world in range(3)]
        more = await later.complete(ask(world=3))
        await later.close()
        kept = Cassette(second, mode="replay")
        played = [await kept.complete(ask(world=world)) for world in range(4)]
        spent = kept.spent("study", {})
        await kept.close()
        return heard, again, more, played, spent, later

    heard, again, more, played, spent, later = asyncio.run(go())
    assert heard == again == played[:3]
    assert more == played[3]
    assert (later.taken, later.asked, later.played) == (3, 1, 0)
    assert spent.calls == 1
