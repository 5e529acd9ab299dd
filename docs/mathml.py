"""An extension of Python-Markdown: turns formulas into MathML, so that reading them needs no script.

Formulas stand between ``$`` or ``$$`` in the Markdown and in the docstrings. ``pymdownx.arithmatex`` finds
them, ``latex2mathml`` translates them, and what browsers want otherwise is mended here; ``assets/extra.css``
does the rest. A formula that cannot be translated ends the build.
"""

import html
import re
import xml.etree.ElementTree as ET

from latex2mathml.converter import convert
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\s*(?:\\\((?P<inline>.*?)\\\)|\\\[(?P<block>.*?)\\\])\s*</\1>', re.S
)
LETTERS = frozenset("∂∇⊤∞")
"""Operators to latex2mathml, around which browsers would leave gaps."""
SIGNS = frozenset("+−")
CLOSING = frozenset(")]}‖")
SCRIPTS = frozenset(["msub", "msup", "msubsup", "munder", "mover", "munderover"])


class Formulas(Extension):
    """What ``zensical.toml`` names; it works on the pages, and on the docstrings in them."""

    def extendMarkdown(self, md):  # noqa: N802, the name is Python-Markdown's
        """Called by Python-Markdown."""
        # Last of all: the others put back what they had laid aside.
        md.postprocessors.register(_Translator(md), "mathml", -1)


class _Translator(Postprocessor):
    def run(self, text):
        return FORMULA.sub(self._translated, text)

    def _translated(self, match):
        display = "inline" if match["block"] is None else "block"
        latex = html.unescape(match[display]).strip()
        try:
            math = mathml(latex, display)
        except Exception as error:
            where, what = self.md.preprocessors["rendering_context"].page.path, type(error).__name__
            raise ValueError(f"{where}: no MathML for a formula, {what}: {error}\n{latex}") from error
        return f'<{match[1]} class="formula">{math}</{match[1]}>'


def mathml(latex, display="inline"):
    """The formula as a ``<math>`` element; ``display`` is "inline" or "block".

    Raises:
        ValueError: it has a command that latex2mathml does not know.
    """
    # latex2mathml knows aligned only by its older name.
    source = re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{align*}", latex)
    root = ET.fromstring(convert(source, display=display))
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        if (element.text or "").startswith("\\"):
            raise ValueError(f"unknown command {element.text}")
    for element in root.iter():
        _mend(element)
    root.set("xmlns", NAMESPACE)
    root.set("alttext", latex)
    return ET.tostring(root, encoding="unicode")


def _mend(element):
    """Mend an element's children, and for tables the element itself."""
    if element.tag == "mtable":
        # Chromium reads alignment from styles only.
        element.set("class", "aligned" if element.get("columnspacing", "").startswith("0em") else "cases")
        for cell in element.iter("mtd"):
            cell.set("class", cell.get("columnalign", ""))
    if element.tag == "msup" and element[1].text == "′":
        # A prime is a raised character already; raised once more it would all but vanish.
        element.tag, element[1].tag = "mrow", "mtext"
    if element.tag in SCRIPTS:
        for operator in (operator for script in element[1:] for operator in script.iter("mo")):
            operator.set("lspace", "0")
            operator.set("rspace", "0")
    after_operator = True
    for child in element:
        if child.tag == "mspace" and child.get("width") == "thinmathspace":
            child.set("width", "0.167em")  # the named widths are gone from MathML Core
        if child.tag == "mi" and len(child.text or "") == 1 and child.text.isalpha():
            # Browsers turn x into the character 𝑥, which only mathematical fonts have. A letter in italics
            # is there on every machine.
            child.set("mathvariant", "normal")
            child.set("class", "letter")
        if child.tag == "mo":
            if child.text in LETTERS:
                child.tag = "mi"
                child.set("mathvariant", "normal")
            elif child.text == "‖" and "stretchy" not in child.attrib:
                child.set("stretchy", "false")
            elif child.text in SIGNS and after_operator:
                child.set("form", "prefix")
        after_operator = child.tag == "mo" and child.text not in CLOSING
