"""A user's own network: the module at every submodule whose name fits a pattern."""

from attnprof.snippets import Example, Snippet

MET = """\
def met(network: nn.Module, names: list[str], image: torch.Tensor) -> dict[str, list[torch.Size]]:
    \"\"\"The shapes that each of the submodules ``names`` answers with in one call.\"\"\"
    shapes: dict[str, list[torch.Size]] = {{name: [] for name in names}}
    hooks = [
        network.get_submodule(name).register_forward_hook(
            lambda _, x, y, name=name: shapes[name].append(getattr(y, "shape", torch.Size()))
        )
        for name in names
    ]
    with torch.no_grad():
        network.eval()(image)
    for hook in hooks:
        hook.remove()
    for name, each in shapes.items():
        if not each or len(each[0]) != 4:
            raise ValueError(f"{{name}}: it is not called, or gives no map (N, C, H, W)")
    return shapes


"""
AFTER = """\
def insert(network: nn.Module, at: str, image: torch.Tensor) -> nn.Module:
    \"\"\"Put one behind every submodule whose name fits ``at``. Maps are (N, C, H, W).

    image: an input of the network, for channels and sizes. The network's own parameters keep their names, so
    that trained weights still load with strict=False. The network is left in eval mode.

    Raises ValueError for a submodule behind which one would not run exactly once.
    \"\"\"
    places = met(network, [name for name, _ in network.named_modules() if fnmatch(name, at)], image)
    for name, shapes in places.items():
        _, channels, height, width = shapes[0]
        target, gate = network.get_submodule(name), {call}
        target.add_module("attention", gate)
        kind = type(target)
        if kind.forward is nn.Sequential.forward and kind.__iter__ is nn.Sequential.__iter__:
            continue  # it runs its children in turn
        target.register_forward_hook(lambda target, x, y: target.attention(y))
    gates = met(network, [f"{{name}}.attention" for name in places], image)
    for name, shapes in places.items():
        if len(gates[f"{{name}}.attention"]) != len(shapes):
            raise ValueError(f"{{name}} goes through its children itself: name a submodule of it")
    return network"""
REPLACE = """\
def insert(network: nn.Module, at: str, image: torch.Tensor) -> nn.Module:
    \"\"\"Put one in place of every convolution whose name fits ``at`` and that keeps channels and size.

    image: an input of the network, which is left in eval mode.
    \"\"\"
    names = [
        name
        for name, module in network.named_modules()
        if fnmatch(name, at)
        and isinstance(module, nn.Conv2d)
        and module.stride == (1, 1)
        and module.in_channels == module.out_channels
    ]
    for name, shapes in met(network, names, image).items():
        _, channels, height, width = shapes[0]
        network.set_submodule(name, {call})
    return network"""
USE = """


# Yours instead of these three.
network = nn.Sequential(nn.Conv2d(3, {channels}, 1), nn.Conv2d({channels}, {channels}, 3, padding=1))
at = "1"  # such as "layer*.*.bn3"
image = torch.randn(1, 3, {height}, {width})

print(insert(network, at, image).eval()(image).shape)"""


def write(example: Example) -> str:
    """The module, a function that puts it into a network, and a network to try it on."""
    channels, height, width = example.point
    body = (MET + (REPLACE if example.replaces else AFTER)).format(call=example.call("channels"))
    use = USE.format(channels=channels, height=height, width=width)
    return example.file(["from fnmatch import fnmatch", "import torch", "from torch import nn"], body + use)


SNIPPET = Snippet(help="in a network of one's own, by the names of its submodules", write=write)
