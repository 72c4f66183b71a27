"""The pages' shared pieces: base page, template tags, style sheets and scripts."""
