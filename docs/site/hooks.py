"""How the pages of this folder become a site: called by mkdocs, which finds these functions by their names.

The README opens the site, and its list of pages is their order.  Pages lead to files beside this
folder: those come along.  Each context's page goes on with what the code says of it.
"""

import re
from collections.abc import Iterator
from os.path import relpath
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]  # it has no annotations
from reference import reference_pages

from contexts import context_part

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
LINK = re.compile(r"(\[[^\]]*\])\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
TITLE = re.compile(r"^(```\w+) title=(\S+)$", re.MULTILINE)
"""A block that is a file, as our pages have it: mkdocs wants quotes around its name."""
CONTEXTS = "contexts/"


def on_files(files: Files, config: Any) -> Files:
    """Add the README, what pages lead to outside of this folder, and the pages of the reference."""
    for source in sorted(led_to([README, *DOCS.rglob("*.md")])):
        files.append(File.generated(config, in_site(source), abs_src_path=str(source)))
    colours = HtmlFormatter().get_style_defs(".highlight")
    for name, text in {**reference_pages(), "code.css": colours}.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:
    """The text of a page, its links leading to where their targets are in the site."""
    name = page.file.src_uri
    markdown = TITLE.sub(r'\1 title="\2"', markdown)
    if page.file.abs_src_path is not None:
        markdown = relinked(markdown, Path(page.file.abs_src_path), name)
    if name.startswith(CONTEXTS):
        markdown += context_part(Path(name).stem)
    return markdown


def on_nav(nav: Any, **_more: Any) -> Any:
    """Order the pages as the README names them, then what else it leads to, then the folders."""
    text = README.read_text(encoding="utf-8")

    def place(one: Any) -> tuple[bool, int]:
        if not one.is_page or one.file.src_uri == "index.md":
            return not one.is_page, -1
        found = text.find(f"docs/{one.file.src_uri}")
        return False, len(text) if found < 0 else found

    nav.items.sort(key=place)
    return nav


def led_to(pages: list[Path]) -> set[Path]:
    """The README, and every file outside of this folder that *pages*, or such files, lead to."""
    found, coming = set[Path](), [README, *pages]
    while coming:
        page = coming.pop()
        outside = not page.is_relative_to(DOCS)
        if page in found or not page.is_file():
            continue
        if outside:
            found.add(page)
        if page.suffix == ".md" and (outside or page in pages):
            coming += [one for one in targets(page) if not one.is_relative_to(DOCS)]
    return found


def targets(page: Path) -> Iterator[Path]:
    """What a page leads to here."""
    for _, target, _ in LINK.findall(page.read_text(encoding="utf-8")):
        yield (page.parent / target).resolve()


def in_site(source: Path) -> str:
    """Where a file of ours is in the site."""
    if source == README:
        return "index.md"
    return source.relative_to(DOCS if source.is_relative_to(DOCS) else ROOT).as_posix()


def relinked(markdown: str, source: Path, name: str) -> str:
    """*markdown*, which stands in *source* here and as *name* in the site, with its links as the site has them."""

    def link(found: re.Match[str]) -> str:
        text, target, anchor = found.groups()
        there = (source.parent / target).resolve()
        if there.is_dir():
            return f"{text[1:-1]}"
        return f"{text}({relpath(in_site(there), Path(name).parent)}{anchor or ''})"

    return LINK.sub(link, markdown)
