"""A figure: the numbers it shows, its words, and the drawing, made only when it is asked for."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..data_files import write_file
from ..errors import DataWarning, UsageError
from .style import FONTS, slug, theme, visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SUFFIXES = (".svg", ".png", ".pdf")
_TAG = re.compile(r"<[A-Za-z][^<>]*>")  # text and attributes are escaped by the writer, so an angle bracket is always a tag
_IDENTITY = re.compile(r'( id="|xlink:href="#|url\(#)')
# What the writer repeats with every text and artist and no reader needs, and decimals beyond a hundredth of a point: two thirds of the bytes.
_SLIMMER = (
    (re.compile(r' id="[A-Za-z0-9.]+_\d+"'), ""),
    (re.compile(r' transform="rotate\(-?0 [^)]*\)"'), ""),
    (re.compile(r" font-family: [^;\"]*;?"), ""),
    (re.compile(r"(\d\.\d\d)\d+"), r"\1"),
)


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture that can hand over its numbers and say what it shows; `dataclasses.replace` gives it another name or caption.

    Attributes
    ----------
    name : str
        Fit for a file name and for the root of the identities inside an SVG: two figures of one page need two names.
    data : pandas.DataFrame
        Every number in the picture.
    caption : str
        What stands under it in print.
    alt_text : str
        What a reader who does not see it is told; it stands in the SVG and the PNG too.
    synthetic : bool
        Whether the patients were made by a program; the picture then bears the word.
    """

    name: str
    data: pd.DataFrame
    caption: str
    alt_text: str
    synthetic: bool = False
    _draw: Callable[[], Drawing] = field(kw_only=True, repr=False)

    def drawing(self) -> Drawing:
        """Give the matplotlib figure itself, drawn anew, for whoever wants to change it."""
        with _our_settings(self.name), _quiet_about_letters():
            return self._draw()

    def svg(self) -> str:
        """Give the picture as one `<svg>` element, fit for a file and for a page of HTML.

        Text stays text: it can be searched, selected and read aloud, and the file is a third of the size. Positions are measured in
        the font that comes with matplotlib, so the bytes are the same on every machine. Who needs fixed letters saves a PDF.
        """
        whole = self._rendered("svg", {"Date": None, "Creator": None, "Format": None, "Type": None}).decode("utf-8")
        return _standing_alone(whole[whole.index("<svg"):], self.name, self.alt_text)

    def png(self) -> bytes:
        """Give the picture as PNG, 300 dots an inch."""
        return self._rendered("png", {"Software": None, "Description": visible(self.alt_text)})

    def pdf(self) -> bytes:
        """Give the picture as PDF with its fonts embedded."""
        return self._rendered("pdf", {"CreationDate": None, "Creator": None, "Producer": None})

    def save(self, path: str | Path) -> Path:
        """Write the picture in the form that the path's suffix names; the same figure gives the same bytes.

        Raises
        ------
        UsageError
            If the suffix is not .svg, .png or .pdf.
        OutputError
            If the file cannot be written; an older one stays as it was.
        """
        makers = dict(zip(SUFFIXES, (self.svg, self.png, self.pdf)))
        suffix = Path(path).suffix.lower()
        if suffix not in makers:
            raise UsageError(f"a figure cannot be saved {f'as {suffix}' if suffix else 'without a suffix'}; name a file that ends in {', '.join(SUFFIXES)}")
        return write_file(path, makers[suffix]())

    def _rendered(self, form: str, metadata: dict) -> bytes:
        stream = io.BytesIO()
        with _our_settings(self.name), _quiet_about_letters(tell=form != "svg"):
            self._draw().savefig(stream, format=form, metadata=metadata)
        return stream.getvalue()


@contextmanager
def _our_settings(name: str):
    """Draw under our settings alone, whatever the user's own are, and put those back."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**theme(), "svg.hashsalt": name})
        yield


@contextmanager
def _quiet_about_letters(tell: bool = False):
    """Say once, where it matters, that the font lacks letters of the cohort's words; an SVG is shown in the reader's fonts."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    lacking = [each for each in caught if str(each.message).startswith("Glyph ")]
    for each in caught:
        if each not in lacking:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    if lacking and tell:
        lost = "some letters of the labels are not in the picture's font and are drawn as boxes; save it as .svg, or give other labels"
        warnings.warn(lost, DataWarning, stacklevel=4)


def _standing_alone(svg: str, name: str, alt_text: str) -> str:
    """Make identities and style rules the figure's own, so that many fit on one page, and let the root say what it shows."""
    from xml.sax.saxutils import quoteattr

    root = f"figure-{slug(name)}"

    def own(tag: re.Match) -> str:
        slim = tag[0]
        for pattern, kept in _SLIMMER:
            slim = pattern.sub(kept, slim)
        return _IDENTITY.sub(rf"\g<1>{root}-", slim)

    rules = f"#{root} text {{font-family: {', '.join(FONTS)}}} #{root} *"
    svg = _TAG.sub(own, svg).replace('<style type="text/css">*', f'<style type="text/css">{rules}', 1)
    return svg.replace("<svg ", f'<svg id="{root}" role="img" aria-label={quoteattr(visible(alt_text))} ', 1)
