"""What `beside_peers.py` is made of: the works, who does them, how they are run in turn, and the report."""
