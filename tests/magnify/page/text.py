"""A text that a model reads in the tests of its page, with quotes to be found."""

TEXT = "she said “come” and he said “go” to them all, and “no”"
