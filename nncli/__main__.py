"""`python -m nncli` is `nncli`."""

from nncli.cli import main

if __name__ == "__main__":
    main()
