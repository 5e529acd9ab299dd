"""Digits: learn from pairs alone to write a row of digits backwards, and to sort one.

    python examples/sort_digits.py

Nothing is told but examples, "3 1 2" and "2 1 3", "3 1 2" and "1 2 3". The attention that is printed in the
end shows how it is done: backwards from the last digit, or from the smallest to the largest.
"""

from __future__ import annotations

import random
from typing import Annotated

import typer

import gatewise as gw

TASKS = {"reverse": lambda digits: digits[::-1], "sort": sorted}


def pairs(task: str, count: int, longest: int, seed: int) -> list[tuple[str, str]]:
    """Rows of 1 to ``longest`` digits, and what becomes of each."""
    draw = random.Random(seed)
    rows = [[str(draw.randrange(10)) for _ in range(draw.randint(1, longest))] for _ in range(count)]
    return [(" ".join(row), " ".join(TASKS[task](row))) for row in rows]


def main(
    longest: Annotated[int, typer.Option(help="Digits in a row, at most.")] = 12,
    count: Annotated[int, typer.Option(help="Rows to learn from.")] = 10_000,
) -> dict[str, float]:
    """Learn both tasks, and measure each on rows that were not learnt."""
    exact = {}
    for task in TASKS:
        model = gw.Translator(
            hidden_size=128, embedding_size=32, dropout=0.0, label_smoothing=0.0, epochs=8, progress=False
        )
        model.fit(pairs(task, count, longest, seed=0))
        exact[task] = model.evaluate(pairs(task, 1000, longest, seed=1), bleu=False)["exact"]
        print(f"{task}: {exact[task]:.1%} of 1,000 rows of up to {longest} digits exactly right")
        [[shown]] = model.translations(["7 0 4 9 2"])
        print(f"  {'':4}" + "".join(f"{symbol:>6}" for symbol in shown.source_symbols))
        for symbol, weights in zip(shown.target_symbols, shown.attention, strict=True):
            print(f"  {symbol:4}" + "".join(f"{weight:6.2f}" for weight in weights))
    return exact


if __name__ == "__main__":
    typer.run(main)
