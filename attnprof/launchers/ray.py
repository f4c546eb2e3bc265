"""A Ray cluster: a lane for each lease of a GPU, of a custom resource or of a node's cores."""

from attnprof.launchers import Launcher

LAUNCHER = Launcher(
    help="a Ray cluster: a lane for each GPU",
    lanes="attnprof.launchers._ray:lanes",
    address="[:ADDRESS,lanes=N,resource=NAME,wait=SECONDS]",
    packages=("ray",),
    extra="ray",
)
