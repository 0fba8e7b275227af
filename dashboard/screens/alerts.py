"""Is anything wrong this morning?"""

from __future__ import annotations

from dashboard import reader, shell

who = reader.current()
say = who.words
shell.head(who, say("Đêm qua"))
