"""What qibi writes: entries, the batches that hold them, and the git history around them."""
