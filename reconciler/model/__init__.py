"""The values that flow through the pipe. They hold no behaviour that reads or writes anything."""
