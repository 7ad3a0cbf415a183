"""Talking to language models: requests, replies, failures, and what answers.

A `ChatBackend` answers a `ChatRequest` with a `ChatReply`, or raises a `ChatError`, which is
never an answer. `model_backend` makes one from the name of a model. Backends are wrapped:
`Cassette(path, Budget(Routed(["small@URL"]), calls=9))` asks a server, stops at nine calls, and
never asks the same twice. Nothing here knows games, institutions or prompts. Backends that ask real
models need the extra `llm`; others need nothing.
"""

from posalign_sim.agents.llm.backends.direct import Direct
from posalign_sim.agents.llm.backends.fake import Fake
from posalign_sim.agents.llm.backends.inspected import Inspected
from posalign_sim.agents.llm.backends.named import model_backend
from posalign_sim.agents.llm.backends.routed import Routed
from posalign_sim.agents.llm.backends.scripted import Scripted
from posalign_sim.agents.llm.budget import Budget, Price, Spent
from posalign_sim.agents.llm.cassette import Cassette, Change, Served
from posalign_sim.agents.llm.chat import (
    ChatBackend,
    ChatError,
    ChatReply,
    ChatRequest,
    FailureKind,
    Message,
    Place,
)

__all__ = [
    "Budget",
    "Cassette",
    "Change",
    "ChatBackend",
    "ChatError",
    "ChatReply",
    "ChatRequest",
    "Direct",
    "FailureKind",
    "Fake",
    "Inspected",
    "Message",
    "Place",
    "Price",
    "Routed",
    "Scripted",
    "Served",
    "Spent",
    "model_backend",
]
