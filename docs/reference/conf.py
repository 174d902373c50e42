# SPDX-License-Identifier: Apache-2.0
"""The Python reference, from the docstrings (Sphinx). tools/docs.sh runs it."""

import re
from typing import Any, List

import ballast

project = "Ballast"
release = ballast.__version__
extensions = ["sphinx.ext.autodoc"]
autodoc_member_order = "bysource"
autodoc_mock_imports = ["torch"]  # is seen in signatures only
default_role = "code"
html_theme = "alabaster"
html_show_sphinx = False
html_copy_source = False


def as_rst(app: Any, what: str, name: str, thing: Any, options: Any, lines: List[str]) -> None:
    """Docstrings are plain text, in which paragraphs `argument: what it is`, with their next lines indented, describe the arguments: a list."""
    text: List[str] = []
    in_list = False
    for line in lines:
        line = re.sub(r"([*|]|\b_)", r"\\\1", line) if "`" not in line else line
        argument = re.match(r"([a-z]\w*(?:, [a-z]\w*)*): ", line)
        if argument:
            line = f"- **{argument[1]}**: {line[argument.end():]}"
        goes_on = in_list and line.startswith(" ")
        if bool(argument) != in_list and not goes_on:
            text.append("")
        in_list = bool(argument) or goes_on
        text.append("  " + line.lstrip() if goes_on else line)
    lines[:] = text


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", as_rst)
