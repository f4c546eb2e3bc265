"""Write a commented attnprof.toml with every default"""

from attnprof.cli._command import command

HELP = """\
Write ./attnprof.toml: every setting with its meaning and default, commented
out. An existing file is not overwritten.

\b
  attnprof init
  attnprof init && $EDITOR attnprof.toml && attnprof run
"""

COMMAND = command("init", "attnprof.cli._init:init", HELP)
