"""Models of Hugging Face in this process: what Inspect AI's provider `hf` leaves open.

It answers many requests as one batch, and tells of each what is true of the longest: how many
tokens there are, and nothing of why it ended. It always draws at random, which a temperature of 0
does not allow, and a batch is held on to until the next one comes. So requests go one by one here,
which also keeps an answer from depending on what else was asked at the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput

#: How Inspect AI names the models that this is about.
PROVIDER = "hf"
#: Requests in one batch.
AT_ONCE = 1


class HuggingFace:
    """A model of Hugging Face, as Inspect AI has loaded it; configured for `AT_ONCE` connections.

    Args:
        model: what Inspect AI made of it.
    """

    def __init__(self, model: Model) -> None:
        """See the class."""
        from inspect_ai.model import Model

        # Whether it draws is said once for all requests: so there are two, of the same weights.
        api = copy(model.api)
        api.do_sample = False
        self._drawing = model
        self._likeliest = Model(api, model.config)

    async def generate(
        self, messages: Sequence[ChatMessage], config: GenerateConfig
    ) -> ModelOutput:
        """An answer, with why it ended."""
        model = self._drawing
        changed = config
        if config.temperature == 0:
            model = self._likeliest
            changed = config.model_copy(update={"temperature": None})
        output = await model.generate(list(messages), config=changed, cache=False)
        return ended(output, config)

    async def close(self) -> None:
        """Let go of the weights."""
        weights = self._drawing.api.model
        for model in (self._drawing, self._likeliest):
            await model.__aexit__(None, None, None)
        if weights is not None:
            with suppress(RuntimeError):  # spread over several devices
                weights.to("meta")


def ended(output: ModelOutput, config: GenerateConfig) -> ModelOutput:
    """An output that says why it ended, without the text at which it was to end.

    >>> from types import SimpleNamespace as Some
    >>> output = Some(completion="yes END", choices=[Some(stop_reason="unknown")])
    >>> told = ended(output, Some(stop_seqs=["END"], max_tokens=2))
    >>> told.completion, told.choices[0].stop_reason
    ('yes ', 'stop')
    """
    text = output.completion
    for stop in config.stop_seqs or ():
        text = text.partition(stop)[0]
    stopped = len(text) < len(output.completion)
    used_up = not stopped and output.usage.output_tokens >= config.max_tokens
    output.completion = text
    output.choices[0].stop_reason = "max_tokens" if used_up else "stop"
    return output
