"""Options of commands that call a module with inputs of its own."""

import click

INPUT = click.Option(["--input"], metavar="INPUTS", help="call it with 1x3x224x224 or q=1x49x64,k=1x49x64")
REAL = click.Option(["--real"], is_flag=True, help="with --input: count a real run")
