"""What the operating system is asked, one question a file. Only files in here use what not every system has;
what a system does not tell is None, or nothing, and whoever asks says so."""
