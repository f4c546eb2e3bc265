"""Write an attnprof.toml that works, with every setting explained"""

from attnprof.cli._command import command

HELP = """\
Write ./attnprof.toml: three modules, two sizes and a budget that they keep;
every other setting with its meaning and default, commented out. An existing
file is not overwritten.

\b
  attnprof init && attnprof check
  attnprof init && $EDITOR attnprof.toml && attnprof run
"""

COMMAND = command("init", "attnprof.cli._init:init", HELP)
