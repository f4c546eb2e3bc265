"""A case built on a device: its module, the network around it, its inputs, the call that is timed."""
