"""The child process: it builds, counts and measures what the parent asks for."""
