"""What each setting means, in a sentence or two: for the file that ``attnprof init`` writes."""

SENTENCES = {
    "modules": "The modules to measure: 'all', or a list of names (se), names with settings "
    "(cbam(reduction=8)), groups (family:channel) and files of your own (my.py:Gate); !name "
    "leaves one out.",
    "variants": "Which settings of a module: 'default' is that of its paper, 'all' its other named ones, "
    "too.",
    "set": "A table per module sweeps its settings: each value, or combination of values, is measured.",
    "channels": "The channel counts of the grid; each is measured at each size of res. Default: 64 and 256.",
    "res": "The sizes of the map, a number for a square one. Default: 56.",
    "points": "Single points, channels@size, besides the grid of channels and res.",
    "preset": "The points of a network, besides the others: resnet50, mobilenetv2, yolo-n, yolo-s.",
    "networks": "Networks to put the modules into: of the catalogue, or a function of your own "
    "(my.py:make_net).",
    "at": "The places in the network that modules are put at. Default: those that each module's paper uses.",
    "sweep_places": "Whether each stage of the network is measured alone, too.",
    "batch": "How many images a call has; a list measures each.",
    "shard": "Which part of the grid this machine measures: the first of four is 1/4, to be put together "
    "by merge.",
    "device": "Where it is measured: 'auto' takes a GPU where there is one, else the CPU.",
    "on": "Where workers run: 'local' takes each GPU of this machine. Each of them measures whole sizes.",
    "mixed": "Whether these may be devices of several kinds; the figures of each kind stand by themselves.",
    "dtype": "The number format of weights and maps: fp32, fp16, bf16 or fp64.",
    "autocast": "The number format of torch.autocast, around every call: bf16 or fp16. Default: no autocast.",
    "tf32": "Whether a GPU may compute products of fp32 in tf32.",
    "cudnn_benchmark": "Whether cuDNN searches for the fastest algorithm of each convolution.",
    "channels_last": "Whether maps lie in memory with their channels last (NHWC).",
    "compile": "Whether modules run through torch.compile.",
    "compile_mode": "The mode of torch.compile; naming one compiles.",
    "runtime": "The runtimes that compute the calls, of which each is measured. Default: eager, torch by "
    "itself.",
    "hot": "Whether all calls get one input, which stays in the cache. By default each call finds "
    "another one.",
    "train": "Whether forward and backward together are measured, too, in rows of their own.",
    "no_latency": "Whether only counts are made, which takes a fraction of a second.",
    "metrics": "The metrics of the run: a list of these alone, or 'usual' and some more.",
    "counters": "The other tools whose MACs stand beside ours, or 'none'.",
    "quality": "How precisely: 'quick' is one process, 'standard' up to six for what is fast, 'paper' "
    "six for all.",
    "baseline": "The module that the others are held to in each process; 'auto' takes se where it is "
    "measured.",
    "time_budget": "How long the whole run may take: 30s, 10min, 'auto', or 'none' for as long as it needs.",
    "precision": "How narrow the intervals are to be, as half of their width: 1%, of quick runs 2%, by "
    "default.",
    "threads": "How many threads an operator may use on a CPU.",
    "timeout": "After how long a cell that does not end is given up.",
    "memory_limit": "How much memory a cell may allocate. Default: nine tenths of what is free.",
    "allow_busy": "Whether to measure on a GPU that other processes are using.",
    "seed": "The seed of random weights and inputs.",
    "fail_fast": "Whether the run ends at the first cell that fails.",
    "budget": "What a module may cost, for pick and check: a limit per metric, absolute or as a multiple "
    "of another module's. check judges counts alone, unless it is told to --measure.",
    "name": "The middle of the name of the run's folder under reports/.",
    "output": "The run's folder. Default: reports/<date>-<name>-<device>.",
    "format": "How the table is printed: text, md, latex, html, csv or json.",
}
