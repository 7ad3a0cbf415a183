"""Who a seat is, beside what the game tells it: texts as data files, to which anybody can add.

`find_text` gives a persona (who the seat is), values (a moral or civic tradition in its own terms)
or a framing (how the situation is put), `find_language` a catalogue by which prompts are
translated, whole or not at all. Each is known by the name of a file of the package, or by the path
of a file of one's own.
"""

from posalign_sim.agents.llm.texts.language import Language, find_language, languages
from posalign_sim.agents.llm.texts.text import SORTS, Text, find_text, texts

__all__ = ["SORTS", "Language", "Text", "find_language", "find_text", "languages", "texts"]
