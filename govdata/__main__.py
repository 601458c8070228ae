"""``python -m govdata`` is the command line ``govdata``."""

from govdata.cli import main

main()
