"""Writes `influenced/_generated.py` from the declarations of a running service: generate.py [URL] [--check].

The file has the answers of the service as dataclasses, and a method for each kind of job. `--check` writes nothing
and says whether the file is up to date. Exit codes: 0 written or equal, 1 different, 2 wrong use.
"""

from __future__ import annotations

import json
import keyword
import pathlib
import re
import sys
import textwrap
import urllib.request
from collections import Counter
from typing import Any

TARGET = pathlib.Path(__file__).resolve().parent / "influenced" / "_generated.py"
WIDTH = 120

HEAD = '''"""Answers and jobs of the service. Made by generate.py from /openapi.json: do not edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from .values import Record, Value

if TYPE_CHECKING:
    from .job import Job

R = TypeVar("R", bound=Value)


class Default:
    """A default of the service. It is not sent, so that the service decides."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def default(value: Any) -> Any:
    return Default(value)

'''

# Schemas under other names here: the short names are classes that do something.
RENAMED = {name: f"{name}Info" for name in ("Job", "JobError", "Model", "Dataset", "Checkpoint", "JobSummary")}
ANSWERS = ("Job", "Model", "Dataset", "Checkpoint", "Sample")

# Types that an option may have besides those of the service. `Model.start` turns it into that JSON.
WIDER = {
    "class": "int | str", "test": "int | Sequence[int] | Mapping[str, Any]",
    "train": 'int | Sequence[int] | Literal["all"] | Mapping[str, Any]', "checkpoint": "Any", "factors": "Any",
    "dataset": "Any", "indices": "int | Sequence[int]",
}  # fmt: skip


def identifier(key: str) -> str:
    return key + "_" if keyword.iskeyword(key) else key


def camel(key: str) -> str:
    return "".join(part.capitalize() for part in key.split("_"))


def without_null(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """A schema without its choice of null, and whether it has that choice."""
    choices = schema.get("anyOf", [])
    rest = [choice for choice in choices if choice != {"type": "null"}]
    if len(rest) == len(choices):
        return schema, False
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**outer, **(rest[0] if len(rest) == 1 else {"anyOf": rest})}, True


def paragraph(text: str, indent: int, bullet: str = "") -> list[str]:
    hanging = " " * (indent + (2 if bullet else 0))
    return textwrap.wrap(text, WIDTH - 2, initial_indent=" " * indent + bullet, subsequent_indent=hanging,
                         break_long_words=False, break_on_hyphens=False)  # fmt: skip


class Generator:
    def __init__(self, contract: dict[str, Any], service: dict[str, Any]) -> None:
        self.schemas: dict[str, dict[str, Any]] = contract["components"]["schemas"]
        self.summaries = {entry["kind"]: entry["summary"] for entry in service["capabilities"]["job_kinds"]}
        self.classes: dict[str, str] = {}
        # The names of objects that several answers have, by their schemas.
        self.shared: dict[str, str] = {}
        self.taken: set[str] = {RENAMED.get(name, name) for name in self.schemas}
        self.results = {name: f"{camel(name)}Result" for name in self.summaries}

    # Answers

    def write(self) -> str:
        self.name_shared()
        for name in (*ANSWERS, *self.results.values()):
            self.answer(name)
        body = "\n\n".join(self.classes.values())
        table = ", ".join(f'"{kind}": {name}' for kind, name in self.results.items())
        lines = textwrap.wrap(table, WIDTH - 4, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
        results = "RESULTS: dict[str, type[Value]] = {\n" + "\n".join(lines) + ",\n}  # fmt: skip\n"
        return "\n".join([HEAD, body, "\n" + results, self.methods()])

    def name_shared(self) -> None:
        """Objects that are declared in place, and alike in several answers, are one class."""
        counts: Counter[tuple[str, str]] = Counter()

        def visit(schema: Any, key: str) -> None:
            if isinstance(schema, dict):
                if schema.get("properties") and key:
                    counts[(key, self.signature(schema))] += 1
                for inner_key, inner in schema.get("properties", {}).items():
                    visit(inner, inner_key)
                for part in schema.get("anyOf", []):
                    visit(part, key)
                visit(schema.get("items"), key)

        for name in (*ANSWERS, *self.results.values()):
            visit(self.schemas[name], "")
        for (key, signature), count in counts.items():
            name = camel(key[:-1] if key in ("artifacts", "layers", "checkpoints", "rounds", "rows") else key)
            if count > 1 and name not in self.taken and signature not in self.shared:
                self.taken.add(name)
                self.shared[signature] = name

    @staticmethod
    def signature(schema: dict[str, Any]) -> str:
        return json.dumps([schema.get("properties"), schema.get("required")], sort_keys=True)

    def answer(self, name: str) -> str:
        """The class of a declared schema, and all classes that it needs before it."""
        title = RENAMED.get(name, name)
        if title not in self.classes:
            self.dataclass(title, self.schemas[name])
        return title

    def dataclass(self, title: str, schema: dict[str, Any]) -> str:
        lines = []
        notes = []
        required = schema.get("required", [])
        for key, member in schema["properties"].items():
            inner, nullable = without_null(member)
            kind = self.kind(inner, title, key)
            if (nullable or key not in required) and kind != "Any":
                kind += " | None"
            lines.append(f"    {identifier(key)}: {kind}")
            description = member.get("description") or inner.get("description")
            if description and "$ref" not in inner or "description" in member:
                notes += paragraph(f"`{identifier(key)}`: {description}", 4, "- ")
        about = schema.get("description", "").replace("\\", "\\\\")
        head = paragraph(about or f"The members of `{title}`.", 4)
        text = "\n".join(head).strip()
        document = [f'    """{text}', "", *notes, '    """', ""] if notes else [f'    """{text}"""', ""]
        self.classes[title] = "\n".join(
            ["@dataclass(init=False, repr=False, eq=False)", f"class {title}(Value):", *document, *lines, ""])  # fmt: skip
        return title

    def kind(self, schema: dict[str, Any], owner: str, key: str) -> str:
        """The type of a member of an answer."""
        schema, nullable = without_null(schema)
        if nullable:
            return f"{self.kind(schema, owner, key)} | None"
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self.answer(name) if self.schemas[name].get("properties") and name != "Result" else "Any"
        if "anyOf" in schema or "oneOf" in schema:
            return "Any"
        kind = schema.get("type")
        if kind == "array":
            return f"list[{self.kind(schema.get('items', {}), owner, key)}]"
        if kind == "object":
            if schema.get("properties"):
                name = self.shared.get(self.signature(schema)) or owner + camel(key)
                return name if name in self.classes else self.dataclass(name, schema)
            extra = schema.get("additionalProperties")
            return f"dict[str, {self.kind(extra, owner, key)}]" if isinstance(extra, dict) else "Record"
        if "enum" in schema and all(isinstance(value, str) for value in schema["enum"]):
            return literal(schema["enum"])
        return {"integer": "int", "number": "float", "string": "str", "boolean": "bool"}.get(str(kind), "Any")

    # Jobs

    def methods(self) -> str:
        of_models: list[str] = []
        of_sets: list[str] = []
        for kind in self.summaries:
            schema = self.schemas[f"{camel(kind)}Job"]
            (of_models if "model" in schema["required"] else of_sets).append(self.method(kind, schema))
        head = '''

class {name}:
    """{about}"""

    def start(self, kind: str, result: type[R], options: dict[str, Any]) -> Job[R]:
        raise NotImplementedError
'''
        return "".join([
            head.format(name="ModelJobs", about="The jobs of a model, each as a method."), *of_models,
            head.format(name="DatasetJobs", about="The jobs that need a data set alone."), *of_sets,
        ])  # fmt: skip

    def method(self, kind: str, schema: dict[str, Any]) -> str:
        owner = "model" if "model" in schema["required"] else "dataset"
        parameters, notes, pairs = [], [], []
        members = [(key, member) for key, member in schema["properties"].items() if key not in ("kind", owner)]
        # Options of every job come last.
        members.sort(key=lambda entry: (entry[0] not in schema["required"], entry[0] in ("priority", "time_limit")))
        for key, member in members:
            inner, _ = without_null(member)
            annotation = WIDER.get(key) or self.taken_by(inner)
            name = identifier(key)
            if key in schema["required"]:
                parameters.append(f"        {name}: {annotation},")
            else:
                optional = annotation if annotation == "Any" else f"{annotation} | None"
                value = f"default({literal_value(inner['default'])})" if "default" in inner else "None"
                parameters.append(f"        {name}: {optional} = {value},")
            description = member.get("description") or inner.get("description", "")
            notes += paragraph(f"`{name}`: {description}" if description else f"`{name}`.", 8, "- ")
            pairs.append(f'"{key}":\0{name}')
        about = schema.get("description") or ""
        summary = self.summaries[kind]
        rest = about.removeprefix(summary).strip()
        document = [f'        """{summary}', ""]
        document += [*paragraph(rest, 8), ""] if rest else []
        document += [*notes, '        """']
        options = textwrap.wrap(", ".join(pairs), WIDTH - 13, initial_indent=" " * 12, subsequent_indent=" " * 12,
                                break_long_words=False, break_on_hyphens=False)  # fmt: skip
        options = [line.replace("\0", " ") for line in options]
        return "\n".join([
            "", f"    def {kind}(", "        self, *,", *parameters, f"    ) -> Job[{self.results[kind]}]:  # fmt: skip",
            *document, f'        return self.start("{kind}", {self.results[kind]}, {{', *options, "        })  # fmt: skip", "",
        ])  # fmt: skip

    def taken_by(self, schema: dict[str, Any]) -> str:
        """The type of an option of a job."""
        if "$ref" in schema:
            return self.taken_by(self.schemas[schema["$ref"].rpartition("/")[2]])
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices and "properties" not in schema:
            kinds = dict.fromkeys(self.taken_by(choice) for choice in choices if choice != {"type": "null"})
            return " | ".join(kinds)
        kind = schema.get("type")
        if kind == "array":
            return f"Sequence[{self.taken_by(schema.get('items', {}))}]"
        if "const" in schema:
            return literal([schema["const"]])
        if "enum" in schema:
            return literal([value for value in schema["enum"] if value is not None])
        names = {"integer": "int", "number": "float", "string": "str", "boolean": "bool", "object": "Mapping[str, Any]"}
        return names.get(str(kind), "Any")


def literal(values: list[Any]) -> str:
    return f"Literal[{', '.join(literal_value(value) for value in values)}]"


def literal_value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def fetch(url: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=60) as answer:
        return json.load(answer)


def generated(url: str) -> str:
    """The text of the file for a service at an address."""
    text = Generator(fetch(f"{url}/openapi.json"), fetch(f"{url}/v1")).write()
    return re.sub(r"[ \t]+\n", "\n", text).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    names = [argument for argument in arguments if argument != "--check"]
    if len(names) > 1 or any(name.startswith("-") for name in names):
        print(__doc__, file=sys.stderr)
        return 2
    text = generated((names[0] if names else "http://127.0.0.1:8080").rstrip("/"))
    if check:
        equal = TARGET.exists() and TARGET.read_text() == text
        print("up to date" if equal else "different: run generate.py")
        return 0 if equal else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
