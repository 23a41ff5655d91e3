"""Frames as the parser of another implementation reads them."""

import random
from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol, State

from app.live.frames import completion, frames, opening

BOUNDARIES = [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 200_000]
IDS = ["1", "", '"', "\\", 'a"b\\c', "\n\t\0", "à la carte", "日本", "🏬", "\u2028", "x" * 128]
operation_ids = st.text(max_size=128) | st.sampled_from(IDS)
contents = st.text(max_size=300) | st.integers(0, 70_000).map("x".__mul__)


def read(data: bytes, sizes: Sequence[int] = ()) -> list[bytes]:
    """The text messages in `data`, which arrives in pieces of these sizes, then the rest."""
    parser = Protocol(CLIENT, state=State.OPEN, max_size=None)
    for size in sizes:
        parser.receive_data(data[:size])
        data = data[size:]
    parser.receive_data(data)
    assert parser.parser_exc is None
    assert parser.data_to_send() == []
    return [_whole_text(event) for event in parser.events_received()]


def _whole_text(event: object) -> bytes:
    assert isinstance(event, Frame)
    assert event.opcode is Opcode.TEXT
    assert event.fin
    assert not any((event.rsv1, event.rsv2, event.rsv3))
    return bytes(event.data)


def body_of(text: str) -> bytes:
    return orjson.dumps({"data": {"text": text}})


def message_of_length(length: int, operation_id: str = "1") -> tuple[bytes, str]:
    """A body that makes the whole message that long, and the text in it."""
    text = "x" * (length - len(opening(operation_id)) - len(body_of("")) - 1)
    return body_of(text), text


@pytest.mark.parametrize("length", BOUNDARIES[2:])
def test_messages_around_the_lengths_where_the_header_grows(length: int) -> None:
    body, text = message_of_length(length)
    (message,) = read(frames(opening("1"), [body]))
    assert len(message) == length
    assert orjson.loads(message) == {"id": "1", "type": "next", "payload": {"data": {"text": text}}}


@pytest.mark.parametrize("length", BOUNDARIES)
def test_bodies_around_the_lengths_where_the_header_grows(length: int) -> None:
    body = b"x" * length
    assert read(frames(opening("1"), [body])) == [opening("1") + body + b"}"]


@pytest.mark.parametrize("operation_id", IDS)
def test_any_operation_id_is_valid_json(operation_id: str) -> None:
    next_message, last = read(frames(opening(operation_id), [b"{}"]) + completion(operation_id))
    assert orjson.loads(next_message) == {"id": operation_id, "type": "next", "payload": {}}
    assert orjson.loads(last) == {"id": operation_id, "type": "complete"}


@given(operation_ids, st.lists(contents, max_size=5), st.lists(st.integers(0, 400), max_size=20))
@settings(max_examples=200, deadline=None)
def test_several_bodies_in_one_write_are_as_many_messages(
    operation_id: str, texts: list[str], sizes: list[int]
) -> None:
    data = frames(opening(operation_id), [body_of(text) for text in texts])
    assert [orjson.loads(each) for each in read(data, sizes)] == [
        {"id": operation_id, "type": "next", "payload": {"data": {"text": text}}} for text in texts
    ]


def test_frames_of_many_operations_in_one_stream_are_told_apart() -> None:
    chance = random.Random(5)
    sent = [(chance.choice(IDS), "x" * chance.choice(BOUNDARIES)) for _ in range(200)]
    data = b"".join(frames(opening(name), [body_of(text)]) for name, text in sent)
    found = [orjson.loads(each) for each in read(data, [7, 126, 65_536])]
    assert [(each["id"], each["payload"]["data"]["text"]) for each in found] == sent


@given(operation_ids, contents)
@settings(max_examples=100, deadline=None)
def test_a_frame_says_the_same_as_the_ordinary_road(operation_id: str, text: str) -> None:
    message = {"id": operation_id, "type": "next", "payload": {"data": {"text": text}}}
    assert read(frames(opening(operation_id), [body_of(text)])) == [orjson.dumps(message)]
