"""`upready`, and `python -m upready`: all tasks, in any folder with a compose file."""


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    from upready.cli import program
    from upready.tasks import ns

    program.run(ns)


if __name__ == "__main__":
    main()
