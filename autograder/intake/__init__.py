"""From what was handed in, a folder or an archive, to plain files that can be judged."""
