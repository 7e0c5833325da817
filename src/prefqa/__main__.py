"""`python -m prefqa` is the command line."""

from prefqa.cli import main

if __name__ == "__main__":
    main()
