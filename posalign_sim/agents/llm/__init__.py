"""Language models: asking them, and letting them hold seats.

A `ChatBackend` answers a `ChatRequest` with a `ChatReply`, or raises a `ChatError`, which is
never an answer. `model_backend` makes one from the name of a model. Backends are wrapped:
`Cassette(path, Budget(Routed(["small@URL"]), calls=9))` asks a server, stops at nine calls, and
never asks the same twice. `converse` plays a scenario in which `LanguageModel` holds seats.
Backends that ask real models need the extra `llm`; others need nothing.
"""

from posalign_sim.agents.language_model import Asking, LanguageModel
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
from posalign_sim.agents.llm.converse import Conversation, ModelRun, StoppedError, converse

__all__ = [
    "Asking",
    "Budget",
    "Cassette",
    "Change",
    "ChatBackend",
    "ChatError",
    "ChatReply",
    "ChatRequest",
    "Conversation",
    "Direct",
    "FailureKind",
    "Fake",
    "Inspected",
    "LanguageModel",
    "Message",
    "ModelRun",
    "Place",
    "Price",
    "Routed",
    "Scripted",
    "Served",
    "Spent",
    "StoppedError",
    "converse",
    "model_backend",
]
