"""Write a module as an ONNX, OpenVINO or torch.export file"""

import click

from attnprof.cli._command import command, format_option
from attnprof.cli._spec_options import setting_option
from attnprof.exporting import KINDS

HELP = """\
Write the file that a runtime is measured with, and beside it (.npz) an input
and its outputs. The file is read back and compared with torch first.

\b
  attnprof export se@64@56 -o se.onnx
  attnprof export 'cbam(reduction=8)@256@28x40' --as openvino -o cbam.xml
  attnprof export my.py:Gate@64@56 --as torch -o gate.pt2
  attnprof export se@3@224 --network resnet18 -o resnet18_se.onnx

TARGET is NAME@C@HxW: a module as -m takes it, its channels, and the map's
height and width; with --network those of the network's input.
"""

COMMAND = command(
    "export",
    "attnprof.cli._export:export",
    HELP,
    {
        "What": [
            click.Argument(["target"]),
            click.Option(["--batch"], default="1", metavar="N", help="images per call [1]"),
            click.Option(["--network", "networks"], metavar="NAME", help="the module in this network"),
            setting_option("at", with_variable=False),
            setting_option("seed", with_variable=False),
        ],
        "Output": [
            click.Option(
                ["--as", "kind"],
                metavar="KIND",
                help=f"{', '.join(KINDS)} [as -o ends, else onnx]",
                shell_complete=lambda context, option, start: [
                    click.shell_completion.CompletionItem(name) for name in KINDS if name.startswith(start)
                ],
            ),
            click.Option(["-o", "--output"], metavar="FILE", help="the file [TARGET, in this folder]"),
            click.Option(["--opset"], type=click.IntRange(min=1), metavar="N", help="of ONNX [torch's own]"),
            click.Option(["--force"], is_flag=True, help="replace files that are there"),
            format_option(),
        ],
    },
)
