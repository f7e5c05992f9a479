"""Which connections count as requests; what the edge does is in tests/engine/test_edge.py."""

from __future__ import annotations

from upready.runtime.docker.edge import connections

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:07E4 00000000:0000 0A 00000000:00000000 00:00000000 00000000 10002        0 1 1 0 100 0 0 10 0
   1: 040016AC:9C4E 030016AC:1F40 01 00000000:00000000 00:00000000 00000000 10002        0 2 1 0 20 4 30 10 -1
   2: 040016AC:9C4F 030016AC:1F40 06 00000000:00000000 00:00000000 00000000 10002        0 3 1 0 20 4 30 10 -1
   3: 040016AC:9C50 050016AC:1F40 02 00000000:00000000 00:00000000 00000000 10002        0 4 1 0 20 4 30 10 -1
  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF0000040016AC:0050 0000000000000000FFFF0000010016AC:D431 08 00000000:00000000 00:00000000
   1: B80D0120000000000000000001000000:0050 B80D0120000000000000000002000000:D431 01 00000000:00000000 00:00000000
"""


def test_the_other_end_of_each_open_connection_is_told() -> None:
    assert [address for _, address in connections(TABLE)] == ["172.22.0.3", "172.22.0.5", "172.22.0.1", "2001:db8::2"]
    assert next(connections(TABLE)) == ("040016AC:9C4E", "172.22.0.3")


def test_what_is_no_table_tells_nothing() -> None:
    assert list(connections("cat: can't open '/proc/net/tcp6': No such file or directory\n")) == []
