"""The state stage: reads and writes the state, its journal and its receipts. A backend is loaded when it is chosen."""
