"""Each route, with good and bad input, and with everybody who could ask."""
