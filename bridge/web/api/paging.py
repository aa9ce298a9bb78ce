"""Lists that are short enough to be read whole, answered page by page like the long ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.errors import Refused


def paged(newest_first: Sequence[dict[str, Any]], query: Mapping[str, Any]) -> dict[str, Any]:
    """The rows after `after`, at most `limit`, and where the next ones begin."""
    begin = 0
    if "after" in query:
        ids = [row["id"] for row in newest_first]
        if query["after"] not in ids:
            raise Refused("bad_cursor", "after", "This is no 'next' of an earlier answer.")
        begin = ids.index(query["after"]) + 1
    kept = newest_first[begin : begin + query["limit"]]
    more = len(newest_first) > begin + len(kept)
    return {"items": kept, "next": kept[-1]["id"] if more else None}
