"""The command that writes pages: `report`."""
