"""A user's own network: the module at every submodule whose name fits a pattern."""

from attnprof.snippets import Example, Snippet

AFTER = """\
def insert(network: nn.Module, at: str, image: torch.Tensor) -> nn.Module:
    \"\"\"Put one behind every submodule whose name fits ``at``.

    image: an input of the network, for channels and sizes. The network's own parameters keep their names, so
    that trained weights still load with strict=False. The network is left in eval mode.
    \"\"\"
    met: dict[str, torch.Size] = {{}}
    names = [name for name, _ in network.named_modules() if fnmatch(name, at)]
    hooks = [
        network.get_submodule(name).register_forward_hook(
            lambda _, x, y, name=name: met.setdefault(name, y.shape) and None
        )
        for name in names
    ]
    with torch.no_grad():
        network.eval()(image)
    for hook in hooks:
        hook.remove()
    for name in names:
        _, channels, height, width = met[name]
        target, gate = network.get_submodule(name), {call}
        target.add_module("attention", gate)
        if not isinstance(target, nn.Sequential):  # that runs its children in turn
            target.register_forward_hook(lambda target, x, y: target.attention(y))
    return network"""
REPLACE = """\
def insert(network: nn.Module, at: str, image: torch.Tensor) -> nn.Module:
    \"\"\"Put one in place of every convolution of stride 1 whose name fits ``at``.

    image: an input of the network, which is left in eval mode.
    \"\"\"
    met: dict[str, torch.Size] = {{}}
    names = [
        name for name, module in network.named_modules()
        if fnmatch(name, at) and isinstance(module, nn.Conv2d) and module.stride == (1, 1)
    ]
    hooks = [
        network.get_submodule(name).register_forward_hook(
            lambda _, x, y, name=name: met.setdefault(name, y.shape) and None
        )
        for name in names
    ]
    with torch.no_grad():
        network.eval()(image)
    for hook in hooks:
        hook.remove()
    for name in names:
        _, channels, height, width = met[name]
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
    body = (REPLACE if example.replaces else AFTER).format(call=example.call("channels"))
    use = USE.format(channels=channels, height=height, width=width)
    return example.file(["from fnmatch import fnmatch", "import torch", "from torch import nn"], body + use)


SNIPPET = Snippet(help="in a network of one's own, by the names of its submodules", write=write)
