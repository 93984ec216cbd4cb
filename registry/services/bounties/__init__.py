"""Money for work: the tracker's bounties, the pots they are paid from, and what of both a change of tiers concerns."""
