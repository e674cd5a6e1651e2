"""`python -m milepost` is the `milepost` command."""

from milepost.cli.main import main

main()
