"""Reads the page's files: nothing comes from elsewhere, nothing is inline, and what they name is there.

No build step checks the modules, so this does: names that they import, ids that they look up, routes that they call.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

pytest.importorskip("fastapi", reason="serving is not installed: bash setup.sh serve")

from fastapi import FastAPI

from facedancer_tf.serving.api_page import api_page
from facedancer_tf.serving.app import ROUTERS
from facedancer_tf.serving.job_words import STAGES
from facedancer_tf.serving.page_routes import page_files

FILES = {name: file.content.decode() for name, file in page_files().items()}
SCRIPTS = {name: text for name, text in FILES.items() if name.endswith(".js")}
SVG_NAME = "http://www.w3.org/2000/svg"  # a name; nothing is loaded from there
INLINE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|cssText|\"style\""
)
API = FastAPI()
for router in ROUTERS:
    API.include_router(router)


class Elements(HTMLParser):
    """Collects all elements of a page, as (tag, attributes, text that follows the start tag)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}, []))

    def handle_data(self, data: str) -> None:
        if self.found:
            self.found[-1][2].append(data.strip())

    def values(self, *names: str) -> Iterator[str]:
        for _, attributes, _ in self.found:
            yield from (attributes[name] for name in names if name in attributes)


INDEX = Elements(FILES["index.html"])
IDS = list(INDEX.values("id"))


def imports(script: str) -> list[tuple[list[str], str]]:
    """The names that a module imports, and from which file."""
    lines = re.findall(r'^import \{ (.+) \} from "\./(.+)";$', SCRIPTS[script], re.MULTILINE)
    return [(names.split(", "), file) for names, file in lines]


@pytest.mark.parametrize("name", FILES)
def test_nothing_comes_from_elsewhere(name: str) -> None:
    text = FILES[name].replace(SVG_NAME, "")
    assert not re.findall(r"\w+://\S*|[\"'(=]\s*//\S*|@import.*|\bWebSocket\b|\bEventSource\b", text)


def test_the_page_has_no_inline_script_and_no_inline_style() -> None:
    for tag, attributes, text in INDEX.found:
        assert tag != "style"
        assert tag != "script" or (attributes["src"] and not "".join(text))
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        assert not [value for value in attributes.values() if value.startswith("javascript:")]


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_writes_html_or_code(name: str) -> None:
    assert not INLINE.search(SCRIPTS[name])


def test_every_file_that_is_served_is_used_and_every_file_that_is_named_is_served() -> None:
    links = [*INDEX.values("src", "href"), *Elements(api_page(API.openapi())).values("src", "href")]
    used = {link.removeprefix("/").removeprefix("page/") for link in links if "page/" in link}
    used |= {file for name in SCRIPTS for _, file in imports(name)}
    assert used | {"index.html"} == set(FILES)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_module_imports_what_another_exports(name: str) -> None:
    assert len(imports(name)) == len(re.findall(r"^import ", SCRIPTS[name], re.MULTILINE))
    for names, file in imports(name):
        exported = re.findall(
            r"^export (?:async )?(?:const|function|class) (\w+)", SCRIPTS[file], re.MULTILINE
        )
        assert set(names) <= set(exported), file
        for word in names:
            assert len(re.findall(rf"\b{word}\b", SCRIPTS[name])) > 1, f"{word} is imported for nothing"


def test_ids_are_there_once_and_whatever_names_an_id_names_one_of_them() -> None:
    assert len(IDS) == len(set(IDS))
    references = INDEX.values("for", "aria-labelledby", "aria-describedby", "aria-controls")
    named = {word for value in references for word in value.split()}
    for text in SCRIPTS.values():
        named |= set(re.findall(r'(?:getElementById|byId)\("([\w-]+)"\)', text))
        named |= set(re.findall(r'\bfill\("([\w-]+)"', text)) | set(
            re.findall(r'missing\("\w+", "([\w-]+)"', text)
        )
        for place in re.findall(r'(?:complain|missing)\("(\w+)"', text):
            named.add(f"{place}-error")
        for place in re.findall(r'offerCamera\("(\w+)"', text):
            named |= {f"{place}-camera", f"{place}-error"}
    styles = "".join(text for name, text in FILES.items() if name.endswith(".css"))
    named |= set(re.findall(r"#([a-z][\w-]*)(?=[^;{}]*\{)", styles))
    assert len(named) > 40
    assert named <= set(IDS)


def test_every_error_is_an_alert() -> None:
    errors = [attributes for _, attributes, _ in INDEX.found if attributes.get("id", "").endswith("-error")]
    assert len(errors) == 4
    assert all(attributes["role"] == "alert" for attributes in errors)


def test_the_page_calls_routes_that_the_server_has() -> None:
    called = {path for text in SCRIPTS.values() for path in re.findall(r'["`](v1/\w+|healthz)', text)}
    assert called == {"healthz", "v1/models", "v1/detect", "v1/swap", "v1/results", "v1/jobs"}
    paths = {path.strip("/") for path in API.openapi()["paths"]}
    assert {path for path in called if not any(route.startswith(path) for route in paths)} == set()


def test_the_page_has_words_for_every_stage_of_a_film() -> None:
    words = re.search(r"const STAGES = \{(.+?)\};", SCRIPTS["film_swap.js"], re.DOTALL)
    assert words is not None
    assert set(STAGES) <= set(re.findall(r"(\w+): \"", words[1]))
