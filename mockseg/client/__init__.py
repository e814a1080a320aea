"""The source object that tests hold: one set of verbs, over HTTP or in this process."""
