"""Change the spine a little, many times, and ask each time whether a test notices."""
