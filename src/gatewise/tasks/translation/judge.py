"""A verdict on a translator: beside the source itself, the commonest target, and a dictionary by counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from gatewise.data.pairs import Pairs
from gatewise.tasks.translation.vocabulary import Side
from gatewise.tasks.verdict import Compared, Verdict

__all__ = ["judge"]

_JUDGED = 200
"""Most pairs that are translated for it."""

_COUNTED = 5_000
"""Most pairs in which symbols that go together are counted."""


def judge(
    translate: Callable[[Sequence[str]], Sequence[str]], side: Side, measured: Pairs, learnt: Pairs
) -> Verdict:
    """Compare with what costs nothing, by edits: symbols to put in, take out or exchange, of those wanted.

    Word by word means: each symbol of the source becomes the one of the target that goes with it most, by
    Dice's coefficient 2 n(s, t) / (n(s) + n(t)) over the pairs that were learnt (Dice 1945).

    Args:
        translate: the model.
        side: of the targets, whose level says what a symbol is: a word, a subword or a character.
        measured: pairs that were held out.
        learnt: pairs that were learnt from.
    """
    chosen = measured.take(_spread(len(measured), _JUDGED))
    most = min(Counter(learnt.targets).items(), key=lambda item: (-item[1], item[0]))[0]
    wanted = [_symbols(side, text) for text in chosen.targets]
    texts = {
        "translator": translate(chosen.sources),
        "copied source": chosen.sources,
        "most frequent target": [most] * len(chosen),
    }
    found = {name: [_symbols(side, text) for text in each] for name, each in texts.items()}
    dictionary = _dictionary(side, learnt.take(_spread(len(learnt), _COUNTED)))
    found["word by word"] = [
        [dictionary.get(symbol, symbol) for symbol in _symbols(side, text)] for text in chosen.sources
    ]
    rows = [Compared(name, _measures(each, wanted)) for name, each in found.items()]
    some = f"{len(chosen):,} of " if len(chosen) < len(measured) else ""
    data = (
        f"{some}{len(measured):,} pair{'s' * (len(measured) > 1)} held out, by which the weights were chosen"
    )
    return Verdict(data, "error_rate", rows[0], rows[1:])


def _measures(found: Sequence[Sequence[str]], wanted: Sequence[Sequence[str]]) -> dict[str, float | None]:
    pairs = list(zip(found, wanted, strict=True))
    edits = sum(_edits(one, other) for one, other in pairs)
    return {
        "error_rate": edits / sum(map(len, wanted)),
        "exact": sum(list(one) == list(other) for one, other in pairs) / len(pairs),
    }


def _symbols(side: Side, text: str) -> list[str]:
    return side.symbols(text, side.encode(text)) if text.strip() else []


def _edits(found: Sequence[str], wanted: Sequence[str]) -> int:
    """Levenshtein's distance (1966), a row for each symbol found."""
    numbers = {symbol: number for number, symbol in enumerate(dict.fromkeys([*found, *wanted]))}
    target = np.array([numbers[symbol] for symbol in wanted], dtype=np.intp)
    places = np.arange(len(wanted) + 1)
    row = places.copy()
    for symbol in found:
        best = row + 1  # taken out
        best[1:] = np.minimum(best[1:], row[:-1] + (target != numbers[symbol]))  # kept, or exchanged
        row = np.minimum.accumulate(best - places) + places  # put in
    return int(row[-1])


def _dictionary(side: Side, pairs: Pairs) -> dict[str, str]:
    """For each symbol of the sources the one of the targets that goes with it most."""
    together: Counter[tuple[str, str]] = Counter()
    sources: Counter[str] = Counter()
    targets: Counter[str] = Counter()
    for source, target in pairs:
        one, other = set(_symbols(side, source)), set(_symbols(side, target))
        sources.update(one)
        targets.update(other)
        together.update((s, t) for s in one for t in other)
    best: dict[str, tuple[float, str]] = {}
    for (s, t), count in together.items():
        # Of several alike the first in the alphabet, whatever order a set has.
        rank = (-2 * count / (sources[s] + targets[t]), t)
        best[s] = min(best.get(s, rank), rank)
    return {s: t for s, (_, t) in best.items()}


def _spread(count: int, most: int) -> list[int]:
    """Numbers below a count, as many as there may be, evenly spread."""
    return [int(number) for number in np.linspace(0, count - 1, min(count, most))]
