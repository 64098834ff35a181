"""Keys under which a request is carried out once."""
