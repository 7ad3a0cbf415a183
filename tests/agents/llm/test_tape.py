"""Several programs that write to one cassette, and one that is killed while it does."""

import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from posalign_sim.agents.llm import Fake
from tests.agents.llm.asking import ask
from tests.agents.llm.taping import Counting, through


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.cassette"


def test_of_several_that_make_the_same_file_one_does_and_all_can_write(tmp_path):
    def use(path, seed, together):
        together.wait()
        return through(path, Fake(seed), [ask(world=world) for world in range(3)])

    with ThreadPoolExecutor(4) as pool:
        for number in range(20):
            path, together = tmp_path / f"{number}.cassette", Barrier(4)
            heard = list(pool.map(lambda seed, p=path, b=together: use(p, seed, b), range(4)))
            assert all(one == heard[0] for one in heard)
            assert through(path, None, [ask(world=2)], "replay") == heard[0][2:]


WRITER = """
import asyncio, sys
from posalign_sim.agents.llm import Cassette, Fake
from tests.agents.llm.asking import ask

async def go(path, seed, first, last):
    tape = Cassette(path, Fake(seed))
    print("open", flush=True)
    sys.stdin.readline()
    async def one(world):
        reply = await tape.complete(ask(world=world))
        print(world, reply.text, flush=True)
    for start in range(first, last, 16):
        await asyncio.gather(*(one(world) for world in range(start, min(start + 16, last))))
    await tape.close()

asyncio.run(go(sys.argv[1], *map(int, sys.argv[2:])))
"""


def writer(path, *numbers):
    command = [sys.executable, "-c", WRITER, str(path), *map(str, numbers)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_that_write_go_on_with_the_same_answers(path):
    """They would answer differently to what both ask: who is first is heard by both."""
    both = [writer(path, seed, 0, 200) for seed in (0, 1)]
    for process in both:
        assert process.stdout.readline() == "open\n"
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    heard = [set(process.communicate()[0].splitlines()) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert heard[0] == heard[1]
    replayed = through(path, None, [ask(world=world) for world in range(200)], "replay")
    assert heard[0] == {f"{world} {reply.text}" for world, reply in enumerate(replayed)}


def test_whatever_was_heard_before_a_kill_is_on_disk(path, tmp_path):
    process = writer(path, 0, 0, 100_000)
    assert process.stdout.readline() == "open\n"
    process.stdin.write("\n")
    process.stdin.flush()
    heard = [process.stdout.readline() for _ in range(300)]
    process.send_signal(signal.SIGKILL)
    heard += process.communicate()[0].splitlines(keepends=True)
    whole = dict(line.split() for line in heard if line.endswith("\n"))
    requests = [ask(world=int(world)) for world in whole]
    # Even where the disk, as it was then, is all there is.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in tmp_path.glob("study.cassette*"):
        shutil.copy(file, elsewhere)
    replayed = through(elsewhere / path.name, None, requests, "replay")
    assert [reply.text for reply in replayed] == list(whole.values())
    counting = Counting(Fake())
    through(path, counting, requests)
    assert not counting.calls
