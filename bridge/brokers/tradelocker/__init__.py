"""The TradeLocker client: what goes over its wire, and what we make of the answers."""
