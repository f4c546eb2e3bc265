"""How samples are taken and judged. Clocks and devices are met only through a backend, so a scripted one drives the tests."""
