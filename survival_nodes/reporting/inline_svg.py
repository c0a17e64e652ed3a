"""A drawn figure made fit to stand inside a page: its own ids and styles, short numbers, and words for those who cannot see it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

# Nothing of these is shown: dates and makers, a title that would follow the pointer about, anything that could run or fetch.
_DROPPED = {"metadata", "title", "desc", "script", "foreignObject"}
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)")
_NUMBER = re.compile(r"-?\d*\.\d{3,}")
# Parts that belong to one group, by their place in the order of groups; the page can hide them.
_GROUP = re.compile(r"(?:^|-)(?:curve|band|censored|beside)-(\d+)(?:-\d+)?$")
_COORDINATES = ("points", "x", "y")
_POINT = re.compile(r"(-?[\d.]+(?:e-?\d+)?) (-?[\d.]+(?:e-?\d+)?)")
_STRAIGHT = re.compile(r"\s*M[-MLz\s\d.e]*")
MANY_POINTS = 500
_ROOT_OWN = {"id", "role", "aria-label", "width", "height", "version"}
_TEXT_HOLDERS = {"text", "tspan", "style"}


def inline_svg(svg: str, *, prefix: str, alt_text: str) -> str:
    """Rewrite an SVG document as an element for a page.

    Ids are prefixed, since every figure numbers its own from one; those that nothing refers to go. Coordinates are shortened by less
    than an eye or a printer tells apart. Styles reach this figure only.

    Parameters
    ----------
    svg
        The document.
    prefix
        Put before every id; unique in the page.
    alt_text
        What the figure shows, in words.

    >>> inline_svg('<svg xmlns="http://www.w3.org/2000/svg" width="9pt"><path id="a" d="M 1.2345 2"/></svg>', prefix="f", alt_text="A line.")
    '<svg id="f" role="img" aria-label="A line."><path d="M1.23 2" /></svg>'
    """
    root = ElementTree.fromstring(svg)
    _without_namespaces(root)
    for element in list(root.iter()):
        _drop_hidden(element)
    _rename(root, prefix)
    for element in root.iter():
        _shorten(element)
    kept = {name: text for name, text in root.attrib.items() if name not in _ROOT_OWN}
    root.attrib.clear()
    root.attrib.update({"id": prefix, "role": "img", "aria-label": alt_text} | kept)
    return ElementTree.tostring(root, encoding="unicode")


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _without_namespaces(root: ElementTree.Element) -> None:
    """A page knows SVG without namespaces, and plain `href` in the place of `xlink:href`."""
    for element in root.iter():
        element.tag = _local(element.tag)
        attributes = {_local(name): text for name, text in element.attrib.items() if not _local(name).startswith("on")}
        element.attrib.clear()
        element.attrib.update(attributes)


def _drop_hidden(element: ElementTree.Element) -> None:
    for child in list(element):
        if child.tag in _DROPPED:
            element.remove(child)


def _rename(root: ElementTree.Element, prefix: str) -> None:
    """Prefix the ids, and whatever refers to them in attributes and in styles; the root takes the prefix itself."""
    new = {element.get("id"): f"{prefix}-{element.get('id')}" for element in root.iter() if "id" in element.attrib}
    own = root.get("id")
    if own is not None:
        new[own] = prefix
    used = {own}
    for element in root.iter():
        for attribute, text in element.attrib.items():
            names = [text[1:]] if attribute == "href" else _REFERENCE.findall(text)
            used.update(names)
            for name in names:
                element.set(attribute, element.get(attribute).replace(f"#{name}", f"#{new.get(name, name)}"))
        if element.tag == "style":
            element.text = _scoped(element.text or "", new, prefix)
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if found := _GROUP.search(name or ""):
            element.set("data-place", found[1])
        if name is not None and name in used:
            element.set("id", new[name])


def _scoped(rules: str, new: dict[str, str], prefix: str) -> str:
    """Let the rules of a figure reach that figure only, under its new ids."""
    named = re.sub(r"#([\w-]+)(?=[^{}]*\{)", lambda found: "#" + new.get(found[1], found[1]), rules)
    return re.sub(r"(^|[}])\s*\*\s*\{", rf"\1#{prefix} *{{", named)


def _shorten(element: ElementTree.Element) -> None:
    for attribute in _COORDINATES:
        if attribute in element.attrib:
            element.set(attribute, _rounded(element.attrib[attribute], 2))
    if "d" in element.attrib:
        element.set("d", short_path(element.attrib["d"]))
    if element.tag not in _TEXT_HOLDERS:
        element.text = (element.text or "").strip() or None
    if element.tag != "tspan":
        element.tail = (element.tail or "").strip() or None


def _rounded(text: str, digits: int) -> str:
    return " ".join(_NUMBER.sub(lambda found: _short(float(found[0]), digits), text).split())


def _short(number: float, digits: int) -> str:
    text = f"{number:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def short_path(path: str) -> str:
    """Write an outline of straight lines with fewer letters: staircases as H and V, steps too small to be seen joined; other outlines are only rounded.

    An outline of many points keeps one decimal of a point (0.02 mm on paper), so that the curve of a registry takes no more room than that of a clinic.

    >>> short_path("M 0.001 0 L 5 0 L 5 3.256 L 9.5 3.256 L 10 3.256 z")
    'M0 0H5V3.26H10z'
    """
    if not _STRAIGHT.fullmatch(path):
        return _rounded(path, 2)
    digits = 1 if path.count("L") > MANY_POINTS else 2
    return "".join(_short_outline(_POINT.findall(outline), digits) + ("z" if "z" in outline else "") for outline in path.split("M")[1:])


def _short_outline(points: Sequence[tuple[str, str]], digits: int) -> str:
    kept: list[tuple[float, float]] = []
    for x, y in points:
        point = (round(float(x), digits), round(float(y), digits))
        if len(kept) > 1 and _goes_straight_on(kept[-2], kept[-1], point):
            kept.pop()
        # A line of no length is drawn as a dot, so the second point stays where there are only two.
        if len(points) < 3 or not kept or point != kept[-1]:
            kept.append(point)
    written = [f"M{_short(kept[0][0], digits)} {_short(kept[0][1], digits)}"]
    for (x_before, y_before), (x, y) in zip(kept, kept[1:]):
        across, up = _short(x, digits), _short(y, digits)
        written.append(f"H{across}" if y == y_before else f"V{up}" if x == x_before else f"L{across} {up}")
    return "".join(written)


def _goes_straight_on(first: tuple[float, float], second: tuple[float, float], third: tuple[float, float]) -> bool:
    (x1, y1), (x2, y2), (x3, y3) = first, second, third
    across = y1 == y2 == y3 and (x2 - x1) * (x3 - x2) >= 0
    return across or (x1 == x2 == x3 and (y2 - y1) * (y3 - y2) >= 0)
