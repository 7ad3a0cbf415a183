"""A small transformer with random weights, in this process: nonsense, but really generated."""

import asyncio
import gc
import os

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the libraries are imported

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")
pytest.importorskip("inspect_ai")

import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import ChatReply, Routed, model_backend
from tests.agents.llm.asking import ask, outcome

# Inspect AI calls tenacity in a way that later versions of tenacity do not like.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning"
)
NAME = "hf/local"
#: Tokens are bytes, of which these are generated.
BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
LETTERS = "abcdefgh"
END = len(BYTES)
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}>"
#: Letters until the end, which each makes more likely; without an end; none but the end.
OTHERS = [k for k, byte in enumerate(BYTES) if byte not in LETTERS]
USUAL = {
    "suppress_tokens": OTHERS,
    "min_new_tokens": 3,
    "exponential_decay_length_penalty": (4, 2.0),
}
ENDLESS = {"suppress_tokens": [*OTHERS, END]}
SILENT = {"suppress_tokens": list(range(END))}


def written(folder, generation):
    """A model whose tokens are bytes, and its tokenizer, as files."""
    inner = Tokenizer(models.BPE({byte: k for k, byte in enumerate(BYTES)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    assert tokenizer.eos_token_id == END
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=None,
        eos_token_id=END,
    )
    model = transformers.LlamaForCausalLM(config)
    model.generation_config = transformers.GenerationConfig(eos_token_id=END, **generation)
    model.save_pretrained(folder)
    return str(folder)


def answers(folder, requests, **options):
    """What comes of requests that are made at once."""

    async def go():
        routed = Routed([NAME], {NAME: {"model_path": folder, "device": "cpu", **options}})
        try:
            return await asyncio.gather(*(outcome(routed, request) for request in requests))
        finally:
            await routed.close()

    return asyncio.run(go())


def test_answers_are_generated_and_their_tokens_are_counted_one_by_one(tmp_path):
    folder = written(tmp_path, USUAL)
    prompts = ["pay", "pay " * 30, "what is this"]
    drawn = [ask(prompt, world, NAME) for world, prompt in enumerate(prompts)]
    likeliest = [ask("keep", world, NAME, temperature=0.0) for world in range(2)]
    heard = answers(folder, [*drawn, *likeliest], tokenizer_path=folder)
    for prompt, reply in zip([*prompts, "keep", "keep"], heard, strict=True):
        assert set(reply.text) <= set(LETTERS)
        assert reply.tokens_out == len(reply.text) + 1
        assert reply.tokens_in == len(f"{prompt}>")
        assert (reply.model, reply.finish) == ("local", "stop")
    assert len({reply.text for reply in heard[:3]}) > 1
    assert heard[3].text == heard[4].text


def test_what_is_too_long_is_cut_off_after_so_many_tokens_unless_it_comes_to_a_stop(tmp_path):
    folder = written(tmp_path, ENDLESS)
    cut, silent, stopped = answers(
        folder,
        [
            ask("pay", 0, NAME, most_tokens=7),
            ask("pay", 1, NAME, most_tokens=1, stop=tuple(LETTERS)),
            ask("pay", 2, NAME, most_tokens=400, stop=("a", "bc")),
        ],
    )
    assert (cut.kind, cut.tokens_out) == ("cut_off", 7)
    assert (silent.kind, silent.tokens_out) == ("empty", 1)
    if isinstance(stopped, ChatReply):
        assert "a" not in stopped.text
        assert len(stopped.text) < stopped.tokens_out < 401
    else:
        assert stopped.kind in ("empty", "cut_off")


def test_what_says_nothing_or_cannot_keep_to_a_schema_is_a_failure(tmp_path):
    folder = written(tmp_path, SILENT)
    schema = {"type": "object", "properties": {"move": {"enum": ["a", "b"]}}}
    silent, bound = answers(folder, [ask("pay", 0, NAME), ask("pay", 1, NAME, schema=schema)])
    assert (silent.kind, silent.tokens_out) == ("empty", 1)
    assert bound.kind == "bad_request"


def weights():
    """Those of all models that hold any."""
    gc.collect()
    found = [one for one in gc.get_objects() if type(one) is transformers.LlamaForCausalLM]
    return [one.lm_head.weight for one in found if not one.lm_head.weight.is_meta]


def test_closing_lets_go_of_the_weights(tmp_path):
    folder = written(tmp_path, USUAL)
    assert not weights()

    async def go():
        backend, asked = model_backend(NAME, model_path=folder, device="cpu")
        await outcome(backend, ask("pay", model=asked))
        held = len(weights())
        await backend.close()
        return held

    assert asyncio.run(go()) == 1
    assert not weights()


def test_a_model_that_is_not_there_is_one_line(tmp_path):
    for options in ({}, {"model_path": str(tmp_path / "nowhere")}):
        with pytest.raises(ConfigurationError, match="model hf/local: ") as caught:
            model_backend(NAME, **options)
        assert "\n" not in str(caught.value)
