"""Summarising in its smallest form: a sentence in, its core out.

    python examples/shorten_sentences.py FOLDER

``FOLDER/tagging/ud_english_ewt/`` holds the English Web Treebank of Universal Dependencies (GitHub:
UniversalDependencies/UD_English-EWT), blogs, reviews and mail whose grammar people have marked. From each
tree the words that carry the statement are kept, the root with its subjects, objects and what belongs to
them, and adjuncts, asides and lists are cut off (after Filippova & Strube 2008). The network sees no tree: it
learns from sentences and their cores alone what may be left out. It is made to know few words, those seen at
least 50 times, and to copy all others from where it looks: what carries a sentence is where the words stand.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

import gatewise as gw

KEPT = {
    *("nsubj", "csubj", "obj", "iobj", "xcomp", "ccomp", "aux", "cop", "expl"),
    *("det", "nummod", "compound", "flat", "fixed", "case", "mark", "goeswith"),
}
"""Relations of a word to its head that keep it, if its head is kept."""

LENGTHS = range(5, 26)


def trees(path: Path) -> Iterator[list[list[str]]]:
    """The sentences of a CoNLL-U file: for each word its ten columns."""
    rows: list[list[str]] = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            columns = line.rstrip("\n").split("\t")
            if columns[0].isdigit():
                rows.append(columns)
            elif not line.strip() and rows:
                yield rows
                rows = []


def core(tree: list[list[str]]) -> list[str]:
    """The words of a sentence without which it says something else."""
    by_number = {row[0]: row for row in tree}

    def kept(row: list[str]) -> bool:
        relation, head = row[7].split(":")[0], by_number.get(row[6])
        if head is None:  # the root
            return True
        owns, denies = row[7] == "nmod:poss", "Polarity=Neg" in row[5] or row[2] == "never"
        ends = row is tree[-1] and relation == "punct"
        return (relation in KEPT or owns or denies or ends) and kept(head)

    return [row[1] for row in tree if kept(row)]


def pairs(path: Path) -> list[tuple[str, str]]:
    """Sentences of which something can be left out, and their cores."""
    found = [([row[1] for row in tree], core(tree)) for tree in trees(path) if len(tree) in LENGTHS]
    return [
        (" ".join(words), " ".join(short))
        for words, short in found
        if 1 < len(short) < len(words) and max(map(len, words)) < 30  # no address, no drawing by letters
    ]


def _words(texts: Iterable[str]) -> int:
    return sum(len(text.split()) for text in texts)


def main(
    folder: Annotated[
        Path, typer.Argument(help="Folder with tagging/ud_english_ewt.", envvar="GATEWISE_DATA")
    ],
    epochs: Annotated[int, typer.Option(help="Passes over the sentences.")] = 8,
) -> dict[str, float]:
    """Learn from the training part, choose the best epoch by dev, and measure on test."""
    train, dev, test = (
        pairs(folder / "tagging" / "ud_english_ewt" / f"en_ewt-ud-{part}.conllu.gz")
        for part in ("train", "dev", "test")
    )
    model = gw.Translator(shared_vocabulary=True, min_count=50, epochs=epochs)
    model.fit(train, validation=dev)
    result = model.evaluate(test)
    written = model.translate([source for source, _ in test])
    for (source, target), ours in list(zip(test, written, strict=True))[:5]:
        print(f"{source}\n  -> {ours}" + (f"\n  != {target}" if ours != target else ""))
    sources, cores, ours = (_words(texts) for texts in (*zip(*test, strict=True), written))
    print(
        f"{len(test):,} sentences: {ours / sources:.0%} of their words left, {cores / sources:.0%} in the "
        f"cores; {result['exact']:.1%} exactly the core, BLEU {result['bleu']:.1f}"
    )
    return result


if __name__ == "__main__":
    typer.run(main)
