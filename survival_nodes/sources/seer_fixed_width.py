"""The text files of SEER, of fixed width, with the SAS program that says where each column stands."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, UsageError, unknown_name
from .delimited import TextTable
from .export_dictionary import dictionary_beside
from .fixed_width import read_fixed_width, sas_layout
from .layout import adapted, read_layout
from .reading import Reading, Wishes
from .seer import seer_reading
from .source_frames import columns_asked_for
from .text_content import Watch, existing_file, read_text


def read_seer_fixed_width(
    path: str | Path, *, layout: str | Path | None = None, encoding: str = "utf-8", watch: Watch | None = None, **wishes: object,
) -> Reading:
    """Read a fixed-width file of SEER, plain or gzipped.

    Parameters
    ----------
    path
        The file.
    layout
        The SAS program whose INPUT block names its columns; None takes the one of the same name in the same folder, or the only one there.
    encoding
        A name that Python knows.
    watch
        Told from time to time which fraction has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`; columns go by the names of the program, or by what its comments call them.

    Raises
    ------
    UsageError
        If there is no such file, no SAS program, no such option or column to keep.
    InputError
        If the program names no columns, or the file is not of fixed width.
    """
    wished = Wishes.of(wishes, own=("layout", "encoding"))
    known = adapted(read_layout("seer"), wished.columns, wished.codes)
    program = existing_file(layout) if layout is not None else _program_beside(path)
    spans = sas_layout(read_text(program, "latin-1").content.decode("utf-8"))
    if not spans:
        raise InputError(f"{program.name!r} has no INPUT block with positions, as '@ 1 PUBCSNUM $char8.': name the SAS program that came with the file; "
                         'a delimited export is read as source="seer-stat"')
    named = {**{span.label: span for span in reversed(spans) if span.label}, **{span.name: span for span in spans}}
    for name in wished.keep:
        if name not in named:
            raise UsageError(unknown_name("column to keep", name, [span.name for span in spans]))
    asked_for = columns_asked_for(known, list(named), wished.keep, Path(path).name)
    wanted = [title for title in named if asked_for(title)]
    table = read_fixed_width(path, list(dict.fromkeys(named[title] for title in wanted)), encoding=encoding, watch=watch)
    frame = table.frame[[named[title].name for title in wanted]].set_axis(wanted, axis=1)
    return seer_reading(TextTable(frame, table.name, table.sha256), known, wished, "seer-fixed-width")


def _program_beside(path: str | Path) -> Path:
    """Find the SAS program of the same name, or the only one in the folder."""
    found = dictionary_beside(path, ".sas")
    if found is not None:
        return found
    others = sorted(each for each in Path(path).parent.iterdir() if each.suffix.casefold() == ".sas")
    if len(others) != 1:
        raise UsageError(f"the columns of {Path(path).name!r} are not known: there is no SAS program of that name beside it, and {len(others)} others; "
                         'name the one that came with it with layout="..."')
    return others[0]
