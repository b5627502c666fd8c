"""The suites of contract and money, played again for each further sort of account and of event."""
