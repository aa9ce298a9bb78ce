"""Claims lanes, carries out executions, settles what was sent."""
