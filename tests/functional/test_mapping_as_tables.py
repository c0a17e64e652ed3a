"""May the tables of a mapping also be given as they would stand in TOML, without a file?"""

from __future__ import annotations

import survival_nodes as sn


def test_tables_in_python_read_as_the_same_tables_in_a_file(tmp_path):
    (tmp_path / "c.csv").write_text("months,dead\n30,1\n61,2\n", encoding="utf-8")
    tables = {"columns": {"years": "months", "event": "dead"}, "units": {"time": "months"}, "codes": {"event": {"1": 0, "2": 1}}}
    toml = '[columns]\nyears = "months"\nevent = "dead"\n[units]\ntime = "months"\n[codes.event]\n"1" = 0\n"2" = 1\n'
    (tmp_path / "map.toml").write_text(toml, encoding="utf-8")
    in_python = sn.read_cohort(tmp_path / "c.csv", mapping=tables)
    assert in_python.rows.equals(sn.read_cohort(tmp_path / "c.csv", mapping=tmp_path / "map.toml").rows)
    assert in_python.rows["event"].tolist() == [0, 1]
