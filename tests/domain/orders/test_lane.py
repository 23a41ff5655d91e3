"""The queue in front of batches: order, twins, halves, cancellation. No database."""

import asyncio
from collections.abc import Sequence

import pytest

from domain.orders.batching.lane import MAX_RERUNS, MAX_TRIES, Lane, Reaction, Refused, Verdict


class Poison(Exception):
    """What a job cannot be stored for."""


class Desk:
    """Decides texts: the batch that holds a `poison` fails, `alone` and `again` say so."""

    def __init__(self, reaction: Reaction = Reaction.BISECT, most: int = 128) -> None:
        self.batches: list[list[str]] = []
        self.alone: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fail_times = 1_000_000
        self.lane = Lane[str, str](
            many=self.many,
            single=self.single,
            same=lambda job: job.partition("#")[0],
            reaction=lambda _: reaction,
            most=most,
        )

    async def many(self, jobs: Sequence[str]) -> list[str | Refused | Verdict]:
        self.batches.append(list(jobs))
        await self.gate.wait()
        if any("poison" in job for job in jobs) and self.fail_times > 0:
            self.fail_times -= 1
            raise Poison
        return [self.outcome(job) for job in jobs]

    def outcome(self, job: str) -> str | Refused | Verdict:
        if job.startswith("alone"):
            return Verdict.ALONE
        if job.startswith("again"):
            return Verdict.AGAIN
        return Refused(ValueError(job)) if job.startswith("bad") else job.upper()

    async def single(self, job: str) -> str:
        await self.gate.wait()
        self.alone.append(job)
        if "poison" in job:
            raise Poison
        return job.upper()

    async def ask(self, *jobs: str) -> list[str | BaseException]:
        return await asyncio.gather(
            *[self.lane.decide(job) for job in jobs], return_exceptions=True
        )


async def test_one_job_is_a_batch_of_its_own_at_once() -> None:
    desk = Desk()
    assert await desk.ask("a") == ["A"]
    assert (desk.alone, desk.batches) == ([], [["a"]])


@pytest.mark.parametrize("reaction", [Reaction.BISECT, Reaction.DISBAND, Reaction.RERUN])
async def test_one_job_that_fails_as_a_batch_is_decided_singly(reaction: Reaction) -> None:
    desk = Desk(reaction)
    (answer,) = await desk.ask("poison")
    assert isinstance(answer, Poison)
    assert desk.alone == ["poison"]


async def test_jobs_of_one_moment_are_one_batch_in_their_order() -> None:
    desk = Desk()
    assert await desk.ask("c", "a", "b") == ["C", "A", "B"]
    assert desk.batches == [["c", "a", "b"]]


async def test_what_comes_while_a_batch_is_under_way_is_the_next_batch() -> None:
    desk = Desk()
    desk.gate.clear()
    first = asyncio.create_task(desk.ask("a", "b"))
    while not desk.batches:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(desk.ask(name)) for name in "cde"]
    await asyncio.sleep(0.01)
    desk.gate.set()
    await asyncio.gather(first, *rest)
    assert desk.batches == [["a", "b"], ["c", "d", "e"]]


async def test_a_batch_has_at_most_so_many() -> None:
    desk = Desk(most=2)
    await desk.ask("a", "b", "c", "d", "e")
    assert (desk.batches, desk.alone) == ([["a", "b"], ["c", "d"], ["e"]], [])


async def test_twins_are_never_in_one_batch_and_nobody_overtakes_them() -> None:
    desk = Desk(most=3)
    assert await desk.ask("a#1", "a#2", "b", "c", "d") == ["A#1", "A#2", "B", "C", "D"]
    assert desk.batches == [["a#1", "b", "c"], ["a#2", "d"]]


async def test_a_poisoned_job_is_found_and_the_others_are_decided() -> None:
    desk = Desk()
    jobs = [*"abcdefg", "poison", *"hijkl"]
    answers = await desk.ask(*jobs)
    assert [type(a) for a in answers if not isinstance(a, str)] == [Poison]
    assert [a for a in answers if isinstance(a, str)] == [j.upper() for j in jobs if j != "poison"]
    assert "poison" in desk.alone


async def test_a_lost_race_is_decided_again_as_it_was() -> None:
    desk = Desk(Reaction.RERUN)
    desk.fail_times = 2
    assert await desk.ask("a", "poison") == ["A", "POISON"]
    assert desk.batches == [["a", "poison"]] * 3


async def test_races_lost_again_and_again_end_by_halves() -> None:
    desk = Desk(Reaction.RERUN)
    answers = await desk.ask("a", "poison")
    assert answers[0] == "A"
    assert isinstance(answers[1], Poison)
    assert len(desk.batches) == 1 + MAX_RERUNS


async def test_who_has_to_wait_for_a_lock_does_not_hold_the_others() -> None:
    desk = Desk(Reaction.DISBAND)
    answers = await desk.ask("a", "poison", "b")
    assert (answers[0], answers[2]) == ("A", "B")
    assert isinstance(answers[1], Poison)
    assert len(desk.batches) == 1


async def test_everybody_is_told_when_the_database_is_away() -> None:
    desk = Desk(Reaction.GIVE_UP)
    answers = await desk.ask("a", "poison", "b")
    assert [type(answer) for answer in answers] == [Poison] * 3
    assert desk.alone == []
    assert await desk.ask("c", "d") == ["C", "D"]


async def test_a_refusal_is_the_job_s_own() -> None:
    desk = Desk()
    answers = await desk.ask("a", "bad", "b")
    assert (answers[0], answers[2]) == ("A", "B")
    assert isinstance(answers[1], ValueError)


async def test_a_job_for_which_a_batch_is_too_little_is_decided_singly() -> None:
    desk = Desk()
    assert await desk.ask("a", "alone", "b") == ["A", "ALONE", "B"]
    assert desk.alone == ["alone"]


async def test_a_job_that_is_put_off_too_often_is_decided_singly() -> None:
    desk = Desk()
    assert await desk.ask("again#1", "again_too") == ["AGAIN#1", "AGAIN_TOO"]
    assert len(desk.batches) == MAX_TRIES + 1


async def test_a_job_whose_caller_went_away_is_decided_all_the_same() -> None:
    desk = Desk()
    desk.gate.clear()
    asked = [asyncio.create_task(desk.lane.decide(job)) for job in ("a", "b", "bad")]
    while not desk.batches:
        await asyncio.sleep(0)
    asked[1].cancel()
    asked[2].cancel()
    await asyncio.wait(asked[1:])
    assert asked[1].cancelled()
    desk.gate.set()
    assert await asked[0] == "A"
    assert desk.batches == [["a", "b", "bad"]]
    assert desk.lane.counts.batched == 3


async def test_drained_waits_for_all_that_was_asked() -> None:
    desk = Desk()
    desk.gate.clear()
    asked = [asyncio.create_task(desk.lane.decide(job)) for job in ("a", "alone", "b")]
    await asyncio.sleep(0)
    draining = asyncio.create_task(desk.lane.drained())
    done, _ = await asyncio.wait([draining], timeout=0.02)
    assert not done
    desk.gate.set()
    await draining
    assert await asyncio.gather(*asked) == ["A", "ALONE", "B"]
    assert desk.alone == ["alone"]


@pytest.mark.parametrize("size", [2, 3, 7, 16, 33])
async def test_every_place_of_the_poison_is_found(size: int) -> None:
    for place in range(size):
        desk = Desk()
        jobs = [f"j{n}" for n in range(size)]
        jobs[place] = "poison"
        answers = await desk.ask(*jobs)
        assert [n for n, a in enumerate(answers) if isinstance(a, Poison)] == [place]
        assert sum(isinstance(a, str) for a in answers) == size - 1
