"""Writes the sentences of the guide as rows of token ids, with the page of each sentence and with each next token.

    guide_sentences.py GUIDE FOLDER

FOLDER gets {train,test}-{inputs,labels,next}.npy and facts.json. Id 0 is the end of a row, 1 an unknown word.
"""

import array
import json
import pathlib
import random
import re
import sys

from arrays import npy

LENGTH = 24
FEWEST_WORDS = 4
FEWEST_SENTENCES = 25
TEST_SHARE = 0.2
UNKNOWN = 1


def sentences(page):
    """The words of each sentence, and of each row of a table, without code."""
    text = re.sub(r"```.*?```", "\n\n", page, flags=re.S)
    for paragraph in re.split(r"\n\s*\n|\n(?=[|#-])", text):
        for sentence in re.split(r"(?<=[.:?])\s+", paragraph.replace("\n", " ")):
            words = re.findall(r"[a-z]+|[0-9]+|[.,:?=‖∇]", sentence.lower())
            if len(words) >= FEWEST_WORDS:
                yield words


def main(guide, folder):
    pages = {path.stem: list(sentences(path.read_text())) for path in sorted(pathlib.Path(guide).glob("*.md"))}
    pages = {name: found for name, found in pages.items() if len(found) >= FEWEST_SENTENCES}
    rows = [(words, label) for label, found in enumerate(pages.values()) for words in found]
    random.Random(0).shuffle(rows)
    cut = round(TEST_SHARE * len(rows))
    parts = {"test": rows[:cut], "train": rows[cut:]}
    counts = {}
    for words, _ in parts["train"]:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    known = sorted((word for word in counts if counts[word] > 1), key=lambda word: (-counts[word], word))
    ids = {word: place + 2 for place, word in enumerate(known)}
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for split, own in parts.items():
        tokens = array.array("q")
        following = array.array("q")
        for words, _ in own:
            row = [ids.get(word, UNKNOWN) for word in words[:LENGTH]]
            row += [0] * (LENGTH - len(row))
            tokens.extend(row)
            # The end of a row is a target once, and the places behind the end count for nothing.
            end = row.index(0) if 0 in row else LENGTH - 1
            following.extend([row[place + 1] if place < end else -100 for place in range(LENGTH)])
        arrays = {
            "inputs": (tokens, (len(own), LENGTH)),
            "labels": (array.array("q", [label for _, label in own]), (len(own),)),
            "next": (following, (len(own), LENGTH)),
        }
        for part, (values, shape) in arrays.items():
            (folder / f"{split}-{part}.npy").write_bytes(npy(values, shape))
    facts = {"pages": list(pages), "vocabulary": len(ids) + 2, "train": len(parts["train"]), "test": cut}
    (folder / "facts.json").write_text(json.dumps(facts))
    print(json.dumps(facts))


main(*sys.argv[1:])
