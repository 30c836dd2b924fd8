"""python -m kptui is the same as kptui."""

from kptui.cli import main

if __name__ == "__main__":
    main()
