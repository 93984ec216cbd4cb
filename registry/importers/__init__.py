"""One module per source of governance data: each turns bytes into values, or says why not; writes nothing."""
