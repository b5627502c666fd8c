"""Nobody sees or moves what is not theirs."""
