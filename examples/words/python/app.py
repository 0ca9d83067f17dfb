"""Counts words: a plugin in Python, without any request."""

from collections import Counter as Tally

from componentize_py_types import Err
from wit_world.exports import counter


class Counter:
    def top(self, text: str, limit: int) -> list[counter.Entry]:
        if limit == 0:
            raise Err("a limit of 0 leaves nothing to tell")
        words = Tally(text.lower().split())
        ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))
        return [counter.Entry(word, times) for word, times in ranked[:limit]]
