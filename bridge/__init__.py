"""Bridge: trading alerts in, TradeLocker orders out, every broker answer on record."""
