"""One list of sentences about the broker's wire, held against paper by two independent clients."""
