"""A session that we start ourselves says nothing, counts, and leaves nothing behind; one that is there already is left as it was."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

parquet = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("narwhals")
pytest.importorskip("pyspark")
PROGRAM = """
import sys, warnings
warnings.simplefilter("error")
from survival_nodes.counting.engines import EngineOptions, distinct_rows, open_relation
relation = open_relation(sys.argv[1], "spark", EngineOptions(memory="1GB", folder=sys.argv[2]))
found = distinct_rows(relation, ["node", "age"])
print(sorted(zip(found.frame["node"], found.frame["age"], found.n.tolist())))
session = relation.table.to_native().sparkSession
print(session.conf.get("spark.sql.session.timeZone"), session.sparkContext.uiWebUrl, session.conf.get("spark.driver.memory"))
"""


@pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java to run Spark on")
def test_our_own_session_is_quiet_and_ends_with_the_program(tmp_path):
    import pyarrow

    parquet.write_table(pyarrow.table({"node": ["pN0", "pN1", "pN0"], "age": [50, 60, 50]}), tmp_path / "a.parquet")
    room = tmp_path / "room"
    room.mkdir()
    ran = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / "a.parquet"), str(room)], capture_output=True, text=True, cwd=tmp_path, timeout=600)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["[('pN0', 50, 2), ('pN1', 60, 1)]", "UTC None 1G"]
    assert ran.stderr == ""
    assert list(room.iterdir()) == [] and sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "room"]


def test_a_session_that_is_there_is_used_and_left(spark_session, tmp_path):
    import pyarrow

    from survival_nodes.counting.engines import distinct_rows, open_relation

    parquet.write_table(pyarrow.table({"node": ["pN0", "pN1", "pN0"]}), tmp_path / "a.parquet")
    relation = open_relation(tmp_path / "a.parquet", "spark")
    assert sorted(distinct_rows(relation, ["node"]).n.tolist()) == [1, 2]
    assert relation.table.to_native().sparkSession is spark_session
    assert spark_session.conf.get("spark.sql.session.timeZone") == "America/New_York"
    assert spark_session.range(3).count() == 3
